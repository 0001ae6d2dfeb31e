package tokenizer_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/tokenizer"
)

const oneWord = `{"type":"WordLevel","vocab":{"[UNK]":0},"unk_token":"[UNK]"}`

// build makes a tokenizer of parts: a model, and fields of tokenizer.json as written.
func build(t *testing.T, model string, fields ...string) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Parse([]byte(`{"model":` + model + `,` + strings.Join(append(fields, `"version":"1.0"`), ",") + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// places are the parts of the text that tokens stand for.
func places(tok *tokenizer.Tokenizer, text string) []string {
	out := []string{}
	for _, token := range tok.EncodeOffsets(text, tokenizer.Options{}) {
		out = append(out, text[token.Start:token.End])
	}
	return out
}

// TestPreTokenizers shows where each pre-tokenizer cuts. Expectations are those of Hugging Face's own tests where they have one.
func TestPreTokenizers(t *testing.T) {
	for _, c := range []struct {
		json, in string
		want     []string
	}{
		{`{"type":"Whitespace"}`, "Hey man, it's é1_2!", []string{"Hey", "man", ",", "it", "'", "s", "é1_2", "!"}},
		{`{"type":"WhitespaceSplit"}`, " Hey man,\u3000Good?", []string{"Hey", "man,", "Good?"}},
		{`{"type":"BertPreTokenizer"}`, "Hey friend!     How are you?!?", []string{"Hey", "friend", "!", "How", "are", "you", "?", "!", "?"}},
		{`{"type":"Punctuation"}`, "Hey friend!     How are you?!?", []string{"Hey friend", "!", "     How are you", "?", "!", "?"}},
		{`{"type":"Punctuation","behavior":"Removed"}`, "a!?b", []string{"a", "b"}},
		{`{"type":"Punctuation","behavior":"Contiguous"}`, "a!?b", []string{"a", "!?", "b"}},
		{`{"type":"Punctuation","behavior":"MergedWithPrevious"}`, "a!?b", []string{"a!", "?", "b"}},
		{`{"type":"Punctuation","behavior":"MergedWithNext"}`, "a!?b!", []string{"a", "!", "?b", "!"}},
		{`{"type":"Digits","individual_digits":false}`, "Hey 123 friend!", []string{"Hey ", "123", " friend!"}},
		{`{"type":"Digits","individual_digits":true}`, "Hey 12½ friend!", []string{"Hey ", "1", "2", "½", " friend!"}},
		{`{"type":"CharDelimiterSplit","delimiter":"-"}`, "the-final--countdown", []string{"the", "final", "countdown"}},
		{`{"type":"FixedLength","length":3}`, "añbcdefg", []string{"añb", "cde", "fg"}},
		{`{"type":"UnicodeScripts"}`, "どこで生れ。Yes", []string{"どこで生れ", "。", "Yes"}},
		{`{"type":"UnicodeScripts"}`, "Apples are りんご 林檎", []string{"Apples are ", "りんご 林檎"}},
		{`{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}`, "Hey   friend!", []string{"Hey", " ", " ", " friend!"}},
		{`{"type":"Metaspace","replacement":"▁","split":false}`, "Hey my", []string{"Hey my"}},
		{`{"type":"ByteLevel","add_prefix_space":false}`, "Hello there       dear", []string{"Hello", " there", "      ", " dear"}},
		{`{"type":"ByteLevel","add_prefix_space":true}`, "i⭢j", []string{"i", "⭢", "j"}},
		{`{"type":"ByteLevel","use_regex":false}`, "Hello there", []string{"Hello there"}},
		{`{"type":"Split","pattern":{"String":"-"},"behavior":"Isolated","invert":false}`, "a-b", []string{"a", "-", "b"}},
		{`{"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Removed","invert":true}`, "a-b c", []string{"a", "b", "c"}},
		{`{"type":"Split","pattern":{"Regex":"(?=[A-Z])"},"behavior":"Isolated","invert":false}`, "helloWorldFoo", []string{"hello", "World", "Foo"}},
		{`{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Digits","individual_digits":true}]}`, "a12 b", []string{"a", "1", "2", "b"}},
	} {
		t.Run(c.json, func(t *testing.T) {
			if diff := cmp.Diff(c.want, places(build(t, oneWord, `"pre_tokenizer":`+c.json), c.in)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", c.in, diff)
			}
		})
	}
}

// TestFirstMark: only the first part of the original gets a mark, whatever a normalizer put before it.
func TestFirstMark(t *testing.T) {
	model := `{"type":"WordLevel","vocab":{"[UNK]":0,"▁a":1,"a":2,"▁xa":3},"unk_token":"[UNK]"}`
	mark := `"pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}`
	special := `"added_tokens":[{"id":4,"content":"<s>","special":true}]`
	for _, c := range []struct {
		normalizer, in string
		want           []int32
	}{
		{`null`, "a<s>a", []int32{1, 4, 2}},
		{`null`, "<s>a", []int32{4, 2}},
		{`{"type":"Strip","strip_left":true,"strip_right":false}`, " a", []int32{2}},
		{`{"type":"Prepend","prepend":"x"}`, "a", []int32{3}},
	} {
		tok := build(t, model, mark, special, `"normalizer":`+c.normalizer)
		if diff := cmp.Diff(c.want, tok.Encode(c.in, tokenizer.Options{})); diff != "" {
			t.Errorf("%q after %s (-want +got):\n%s", c.in, c.normalizer, diff)
		}
	}
}

// TestNormalizers shows what each normalizer makes of a text, and which part of the text each rune of that stands for. As in
// the reference a composed rune stands for the first of those that it was made of.
func TestNormalizers(t *testing.T) {
	for _, c := range []struct {
		json, in, want string
		places         []string
	}{
		{`{"type":"NFC"}`, "e\u0301a\u0323\u0302x", "éậx", []string{"e", "a", "x"}},
		{`{"type":"NFC"}`, "\U00010041\u0301\U00011131\U00011127", "\U00010041\u0301\U0001112e", []string{"\U00010041", "\u0301", "\U00011131"}},
		{`{"type":"NFKC"}`, "\U00010041\u0301ﬁ", "\U00010041\u0301fi", []string{"\U00010041", "\u0301", "ﬁ", "ﬁ"}},
		{`{"type":"NFC"}`, "\u1100\u1161\u11a8", "\uac01", []string{"\u1100"}},
		{`{"type":"NFD"}`, "éx", "e\u0301x", []string{"é", "é", "x"}},
		{`{"type":"NFKC"}`, "ﬁ①", "fi1", []string{"ﬁ", "ﬁ", "①"}},
		{`{"type":"NFKD"}`, "ﬀé", "ffe\u0301", []string{"ﬀ", "ﬀ", "é", "é"}},
		{`{"type":"Lowercase"}`, "AİB", "ai\u0307b", []string{"A", "İ", "İ", "B"}},
		{`{"type":"Strip","strip_left":true,"strip_right":true}`, "  ab\n", "ab", []string{"a", "b"}},
		{`{"type":"Strip","strip_left":false,"strip_right":true}`, " a ", " a", []string{" ", "a"}},
		{`{"type":"StripAccents"}`, "e\u0301a", "ea", []string{"e", "a"}},
		{`{"type":"Nmt"}`, "a\u0001\tb\u200b", "a b ", []string{"a", "\t", "b", "\u200b"}},
		{`{"type":"Prepend","prepend":"▁"}`, "ab", "▁ab", []string{"a", "a", "b"}},
		{`{"type":"Replace","pattern":{"String":" "},"content":"▁"}`, "a b", "a▁b", []string{"a", " ", "b"}},
		{`{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"_"}`, "a   b", "a_b", []string{"a", " ", "b"}},
		{`{"type":"Replace","pattern":{"String":"x"},"content":""}`, "xaxb", "ab", []string{"a", "b"}},
		{`{"type":"Sequence","normalizers":[{"type":"Strip","strip_left":true,"strip_right":true},{"type":"Replace","pattern":{"Regex":"^"},"content":"x"}]}`, " ", "", []string{}},
		{`{"type":"ByteLevel"}`, "é ", "Ã©Ġ", []string{"é", "é", " "}},
		{`{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}`,
			"É\x00中\tx", "e 中  x", []string{"É", "中", "中", "中", "\t", "x"}},
		{`{"type":"BertNormalizer","clean_text":false,"handle_chinese_chars":false,"strip_accents":false,"lowercase":true}`, "É中", "é中", []string{"É", "中"}},
		{`{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"},{"type":"Lowercase"}]}`, "ÉX", "ex", []string{"É", "X"}},
	} {
		t.Run(c.json, func(t *testing.T) {
			// One token for each rune: its spelling is the normalized text, its offsets are the place.
			vocab := []string{`"[UNK]":0`}
			for i, r := range []rune(c.want) {
				vocab = append(vocab, fmt.Sprintf("%s:%d", jsonString(r), i+1))
			}
			model := `{"type":"WordLevel","unk_token":"[UNK]","vocab":{` + strings.Join(vocab, ",") + `}}`
			tok := build(t, model, `"normalizer":`+c.json, `"pre_tokenizer":{"type":"FixedLength","length":1}`)
			var got strings.Builder
			for _, id := range tok.Encode(c.in, tokenizer.Options{}) {
				s, _ := tok.Token(id)
				got.WriteString(s)
			}
			if got.String() != c.want {
				t.Errorf("%q gives %q, want %q", c.in, got.String(), c.want)
			}
			if diff := cmp.Diff(c.places, places(tok, c.in)); diff != "" {
				t.Errorf("places in %q (-want +got):\n%s", c.in, diff)
			}
		})
	}
}

// jsonString escapes all of a rune, so that no editor changes it.
func jsonString(r rune) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune{r}) {
		fmt.Fprintf(&b, `\u%04x`, unit)
	}
	return `"` + b.String() + `"`
}

// TestModels are the models on words small enough to see why.
func TestModels(t *testing.T) {
	for _, c := range []struct {
		name, model, in string
		want            []int32
	}{
		{"unigram takes the best sum and joins what is unknown",
			`{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0.0],["a",0.0],["b",0.0],["c",0.0],["d",0.0],["cd",1.0],["ab",2.0],["abc",5.0],["abcd",10.0]]}`,
			"abcdacdxx", []int32{8, 1, 5, 0}},
		{"wordpiece takes the longest from the left",
			`{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":6,"vocab":{"[UNK]":0,"un":1,"##aff":2,"##able":3,"##a":4}}`,
			"unaffa", []int32{1, 2, 4}},
		{"a word with a part that is unknown is unknown",
			`{"type":"WordPiece","vocab":{"[UNK]":0,"un":1},"unk_token":"[UNK]","max_input_chars_per_word":100}`, "unx", []int32{0}},
		{"so is one too long", `{"type":"WordPiece","vocab":{"[UNK]":0,"a":1,"##a":2},"unk_token":"[UNK]","max_input_chars_per_word":2}`, "aaa", []int32{0}},
		{"bpe merges the least rank first, leftmost of equals",
			`{"type":"BPE","vocab":{"a":0,"b":1,"c":2,"ab":3,"bc":4,"aa":5},"merges":["b c","a b","a a"]}`, "abcaaa", []int32{0, 4, 5, 0}},
		{"bpe of old files has no type, merges may be pairs", `{"vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]}`, "abb", []int32{2, 1}},
		{"bpe drops what it does not know", `{"type":"BPE","vocab":{"a":0},"merges":[]}`, "axa", []int32{0, 0}},
		{"bpe with unknown", `{"type":"BPE","vocab":{"a":0,"?":1},"merges":[],"unk_token":"?"}`, "axya", []int32{0, 1, 1, 0}},
		{"bpe with fused unknown", `{"type":"BPE","vocab":{"a":0,"?":1},"merges":[],"unk_token":"?","fuse_unk":true}`, "axya", []int32{0, 1, 0}},
		{"bpe with bytes", `{"type":"BPE","vocab":{"a":0,"?":1,"<0xC3>":2,"<0xA9>":3},"merges":[],"unk_token":"?","byte_fallback":true}`, "aéx", []int32{0, 2, 3, 1}},
		{"bytes of a prefix and of a suffix too", `{"type":"BPE","vocab":{"#":0,"a":1,"_":2,"<0x23>":3,"<0x62>":4,"<0x5F>":5},"merges":[],"continuing_subword_prefix":"#","end_of_word_suffix":"_","byte_fallback":true}`, "ab", []int32{1, 3, 4, 5}},
		{"bpe with prefix and suffix", `{"type":"BPE","vocab":{"a":0,"##b":1,"##c</w>":2,"ab":3,"abc</w>":4},"merges":["a ##b","ab ##c</w>"],"continuing_subword_prefix":"##","end_of_word_suffix":"</w>"}`, "abc", []int32{4}},
		{"bpe that ignores merges", `{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[],"ignore_merges":true}`, "ab", []int32{2}},
		{"words", `{"type":"WordLevel","vocab":{"a":0,"[UNK]":1},"unk_token":"[UNK]"}`, "a", []int32{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok := build(t, c.model)
			if diff := cmp.Diff(c.want, tok.Encode(c.in, tokenizer.Options{})); diff != "" {
				t.Errorf("%q (-want +got):\n%s", c.in, diff)
			}
			placed := []int32{}
			for _, token := range tok.EncodeOffsets(c.in, tokenizer.Options{}) {
				placed = append(placed, token.ID)
			}
			if diff := cmp.Diff(c.want, placed); diff != "" {
				t.Errorf("%q with offsets (-want +got):\n%s", c.in, diff)
			}
		})
	}
}
