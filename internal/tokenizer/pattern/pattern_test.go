package pattern_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/tokenizer/pattern"
)

// matches are all matches of a pattern, as text.
func matches(p *pattern.Pattern, s string) []string {
	var out []string
	for at := 0; at <= len(s); {
		start, end := p.Find(s, at)
		if start < 0 {
			break
		}
		out = append(out, s[start:end])
		at = max(end, at+1)
		if end == start {
			at = end + 1
		}
	}
	return out
}

// alphabet has runes of every kind that the known patterns tell apart, the common ones more often.
var alphabet = []rune("aaabcsSTtREreVEvelLdDmM'''’   \t\n\r\n\v\u00a0\u3000\u2028" +
	"0129٣½Ⅻ²!\"#/-_.,;:()<>|。，！‘“$+=^`~€©™😀中文字龥龦々ぁんァヶーㄅ한글" +
	"éÉßſKǅǈʰˇªº\u0301\u0300\u093e\u20dd\u0e31กาИиЖжΩω\u200d\ufeff\ufffd\x00\x07\U00033400\U0001f8b9\u0378")

func randomText(r *rand.Rand) string {
	out := make([]rune, r.IntN(14))
	for i := range out {
		out[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(out)
}

// TestScannersEqualEngine: what is scanned by hand must match what the regular expression matches.
func TestScannersEqualEngine(t *testing.T) {
	for name, expr := range pattern.Known {
		t.Run(name, func(t *testing.T) {
			scanner, err := pattern.Compile(expr, pattern.Oniguruma)
			if err != nil {
				t.Fatal(err)
			}
			engine, err := pattern.CompileGeneral(expr, pattern.Oniguruma)
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(1, 2))
			for range 10_000 {
				s := randomText(r)
				if diff := cmp.Diff(matches(engine, s), matches(scanner, s)); diff != "" {
					t.Fatalf("%q (-engine +scanner):\n%s", s, diff)
				}
			}
		})
	}
}

// TestWordsEqualFind: words are the matches and what lies between them.
func TestWordsEqualFind(t *testing.T) {
	for name, expr := range pattern.Known {
		t.Run(name, func(t *testing.T) {
			quick, err := pattern.Compile(expr, pattern.Oniguruma)
			if err != nil {
				t.Fatal(err)
			}
			slow, err := pattern.CompileGeneral(expr, pattern.Oniguruma)
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(3, 4))
			for range 10_000 {
				s := randomText(r) + randomWord(r) + randomText(r) + randomWord(r)
				if diff := cmp.Diff(words(slow, s, 1+r.IntN(9)), words(quick, s, 1+r.IntN(9))); diff != "" {
					t.Fatalf("%q (-find +words):\n%s", s, diff)
				}
			}
		})
	}
}

func randomWord(r *rand.Rand) string {
	return " Internationalization"[r.IntN(12):][:r.IntN(10)] + []string{"", "é", "中", "'s", "Ω", "\u0301", "\xff"}[r.IntN(7)]
}

// words are the pieces of a text, taken some at a time.
func words(p *pattern.Pattern, s string, some int) []string {
	var out []string
	start := 0
	p.Words(s, make([]int, some), func(ends []int) bool {
		for _, end := range ends {
			out = append(out, s[start:end])
			start = end
		}
		return true
	})
	return out
}

func TestEngine(t *testing.T) {
	for _, c := range []struct {
		name, expr string
		syntax     pattern.Syntax
		in         string
		want       []string
	}{
		{name: "alternatives in order", expr: `a|ab`, in: "ab", want: []string{"a"}},
		{name: "greedy", expr: `<.*>`, in: "<a><b>", want: []string{"<a><b>"}},
		{name: "lazy", expr: `<.*?>`, in: "<a><b>", want: []string{"<a>", "<b>"}},
		{name: "lazy count", expr: `a{1,3}?`, in: "aaa", want: []string{"a", "a", "a"}},
		{name: "possessive keeps", expr: `a++ab|a`, in: "aab", want: []string{"a", "a"}},
		{name: "atomic group", expr: `(?>a|ab)c|abc`, in: "abc", want: []string{"abc"}},
		{name: "braces and plus repeat in Oniguruma", expr: `\d{1,3}+`, in: "12345", want: []string{"12345"}},
		{name: "braces and plus are possessive in Fancy", expr: `\d{1,3}+`, syntax: pattern.Fancy, in: "12345", want: []string{"123", "45"}},
		{name: "a brace that counts nothing", expr: `a{x}`, in: "a{x}", want: []string{"a{x}"}},
		{name: "groups repeat", expr: `(?:ab)+`, in: "abababx", want: []string{"ababab"}},
		{name: "empty loops end", expr: `(?:a*)*b`, in: "aab", want: []string{"aab"}},
		{name: "look ahead", expr: `\s+(?!\S)|\s+`, in: "a   b", want: []string{"  ", " "}},
		{name: "look behind", expr: `(?<=a|bb)c`, in: "acbbcbc", want: []string{"c", "c"}},
		{name: "no look behind", expr: `(?<!a)c`, in: "acbc", want: []string{"c"}},
		{name: "intersection", expr: `[\p{L}&&[^\p{Han}]]+`, in: "abc中文d", want: []string{"abc", "d"}},
		{name: "intersection of three", expr: `[a-z&&[^aeiou]&&[^x-z]]+`, in: "abcxd", want: []string{"bc", "d"}},
		{name: "class in class", expr: `[a[bc]-]+`, in: "a-bcd", want: []string{"a-bc"}},
		{name: "posix", expr: `[[:alpha:][:^space:]]+`, in: "é1 x", want: []string{"é1", "x"}},
		{name: "negated property", expr: `\P{L}+|\p{^N}`, in: "ab12", want: []string{"a", "b", "12"}},
		{name: "long property name", expr: `\p{Script=Greek}+|\p{Uppercase_Letter}`, in: "Aαβ", want: []string{"A", "αβ"}},
		{name: "fold", expr: `(?i:'s|straße)`, in: "'S 'ſ STRAßE", want: []string{"'S", "'ſ", "STRAßE"}},
		{name: "fold to the end of the group", expr: `x(?i)a|b`, in: "xA xB", want: []string{"xA", "xB"}},
		{name: "a class is folded before it is negated", expr: `(?i)[^ka]+`, in: "AbK\u212ac", want: []string{"b", "c"}},
		{name: "so it is in Fancy", expr: `(?i)[^ka]+|\P{Lu}`, syntax: pattern.Fancy, in: "AbK1", want: []string{"b", "1"}},
		{name: "of classes in classes the outermost is", expr: `(?i)[A-Z&&a-z]|[x[^a]]+`, in: "aAX", want: []string{"aAX"}},
		{name: "a property has no case in Oniguruma", expr: `(?i)\p{Lu}+|\P{L}`, in: "aB1", want: []string{"B", "1"}},
		{name: "but in a class it has", expr: `(?i)[\p{Lu}]+`, in: "aB1", want: []string{"aB"}},
		{name: "and in Fancy", expr: `(?i)\p{Lu}+`, syntax: pattern.Fancy, in: "aB1", want: []string{"aB"}},
		{name: "punctuation has symbols in brackets", expr: `[[:punct:]]+`, in: "a+©，1", want: []string{"+©，"}},
		{name: "but not as a property", expr: `\p{Punct}+`, in: "a+©，1", want: []string{"，"}},
		{name: "a property without braces is a p in Oniguruma", expr: `\pL|[\pN]`, in: "apLpN", want: []string{"pL", "p", "N"}},
		{name: "it is one in Fancy", expr: `\pL+`, syntax: pattern.Fancy, in: "1ab", want: []string{"ab"}},
		{name: "a letter that was lower case up to Unicode 16", expr: `\p{Ll}+|\p{Lo}`, in: "aʕ中", want: []string{"aʕ", "中"}},
		{name: "line ends in Oniguruma", expr: `a$`, in: "a\na", want: []string{"a", "a"}},
		{name: "text end in Fancy", expr: `a$`, syntax: pattern.Fancy, in: "a\na", want: []string{"a"}},
		{name: "word edges", expr: `\bcat\b`, in: "cat concat cat", want: []string{"cat", "cat"}},
		{name: "code points", expr: `\x41\x{1f600}\u4e2d`, in: "A😀中", want: []string{"A😀中"}},
		{name: "comments and blanks", expr: "(?x) a (?#one) b # two", in: "ab", want: []string{"ab"}},
		{name: "any line end", expr: `\R`, in: "\r\n\n\u2028", want: []string{"\r\n", "\n", "\u2028"}},
		{name: "letters of Unicode 17 are as yet unassigned", expr: `\p{L}+|\p{Cn}`, in: "a\U00033400\u0378b", want: []string{"a", "\U00033400", "\u0378", "b"}},
		{name: "lone words take the numbers of Latin-1", expr: `\w+`, in: "a²¼_ ½", want: []string{"a²¼_", "½"}},
		{name: "words in a class do not", expr: `[\w]+`, in: "a²¼_ ½", want: []string{"a", "_"}},
		{name: "nor do they in Fancy", expr: `\w+`, syntax: pattern.Fancy, in: "a²b", want: []string{"a", "b"}},
		{name: "kimi", expr: `[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+|\p{N}{1,3}|\s+`,
			in: "Hello你好 worLd12345", want: []string{"Hello", "你好", " wor", "Ld", "123", "45"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := pattern.Compile(c.expr, c.syntax)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, matches(p, c.in)); diff != "" {
				t.Errorf("%s in %q (-want +got):\n%s", c.expr, c.in, diff)
			}
		})
	}
}

// TestRefused names what is not known.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{`(a)\1`, `escape \1`}, {`\p{Klingon}`, `\p{Klingon}`}, {`[a`, "has no ]"}, {`(a`, "has no )"}, {`a)`, "has no ("},
		{`*`, "nothing to repeat"}, {`(?<=a+)b`, "fixed width"}, {`[z-a]`, "empty"}, {`\K`, `escape \K`}, {`(?~a)`, "not supported"},
		{`a{2000}`, "count"}, {`[[:foo:]]`, "[:foo:]"}, {`(?:(?:a{999}){999}){999}`, "too large"}, {`\`, "at the end"},
	} {
		_, err := pattern.Compile(c.expr, pattern.Oniguruma)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", c.expr, err, c.want)
		}
	}
}

// TestBounded: no text takes exponential time.
func TestBounded(t *testing.T) {
	for _, expr := range []string{`(?:a+)+b`, `(?:a|aa)+b`, `(?:a*)*b`, `(?:\w+\s?)*!`} {
		p, err := pattern.Compile(expr, pattern.Oniguruma)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		p.Find(strings.Repeat("a", 300)+"c", 0)
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s took %v", expr, d)
		}
	}
}
