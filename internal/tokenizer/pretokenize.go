package tokenizer

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/rangetable"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/pattern"
)

// A splitter cuts a text that is not empty into pieces, from left to right, and may change them.
type splitter interface {
	split(t aligned.Text, piece func(aligned.Text))
}

// splitFunc is a splitter.
type splitFunc func(t aligned.Text, piece func(aligned.Text))

func (f splitFunc) split(t aligned.Text, piece func(aligned.Text)) { f(t, piece) }

// preTokenizerJSON is a pre-tokenizer as written, of whatever type.
type preTokenizerJSON struct {
	Type          string
	Pretokenizers []json.RawMessage

	AddPrefixSpace *bool `json:"add_prefix_space"`
	UseRegex       *bool `json:"use_regex"`
	TrimOffsets    bool  `json:"trim_offsets"` // says something of a post-processor only

	Pattern  patternJSON
	Behavior string
	Invert   bool

	Replacement   string
	PrependScheme string `json:"prepend_scheme"`
	StrRep        string `json:"str_rep"` // older files: the replacement again
	Split         *bool

	IndividualDigits bool `json:"individual_digits"`
	Delimiter        string
	Length           *int
}

// preTokenizer makes the splitters of a pre_tokenizer. byteLevel says that the last of them spells bytes as runes.
func preTokenizer(raw json.RawMessage) (s []splitter, byteLevel bool, err error) {
	if isNull(raw) {
		return nil, false, nil
	}
	var c preTokenizerJSON
	if err := strict(raw, &c); err != nil {
		return nil, false, fmt.Errorf("pre_tokenizer: %w", err)
	}
	if c.Type == "Sequence" {
		for _, raw := range c.Pretokenizers {
			more, bytes, err := preTokenizer(raw)
			if err != nil {
				return nil, false, err
			}
			s, byteLevel = append(s, more...), bytes
		}
		return s, byteLevel, nil
	}
	s, err = c.splitters()
	if err != nil {
		return nil, false, fmt.Errorf("pre_tokenizer %s: %w", c.Type, err)
	}
	return s, c.Type == "ByteLevel", nil
}

func (c preTokenizerJSON) splitters() ([]splitter, error) {
	switch c.Type {
	case "ByteLevel":
		return byteLevelSplitters(c.AddPrefixSpace == nil || *c.AddPrefixSpace, c.UseRegex == nil || *c.UseRegex)
	case "Split":
		p, err := c.Pattern.compile()
		if err != nil {
			return nil, err
		}
		return cutter(p, c.Behavior, c.Invert)
	case "Punctuation":
		behavior := c.Behavior
		if behavior == "" {
			behavior = "Isolated"
		}
		return cutter(pattern.Runes(isPunctuation), behavior, false)
	case "Digits":
		behavior := "Contiguous"
		if c.IndividualDigits {
			behavior = "Isolated"
		}
		return cutter(pattern.Runes(unicode.IsNumber), behavior, false)
	case "Whitespace":
		p, err := pattern.Compile(`\w+|[^\w\s]+`, pattern.Fancy) // the reference runs Rust's regex here
		if err != nil {
			return nil, err
		}
		return cutter(p, "Removed", true)
	case "WhitespaceSplit":
		return cutter(pattern.Runes(unicode.IsSpace), "Removed", false)
	case "CharDelimiterSplit", "Delimiter":
		if utf8.RuneCountInString(c.Delimiter) != 1 {
			return nil, fmt.Errorf("delimiter %q is not one character", c.Delimiter)
		}
		return cutter(pattern.Literal(c.Delimiter), "Removed", false)
	case "BertPreTokenizer":
		spaces, err := cutter(pattern.Runes(unicode.IsSpace), "Removed", false)
		if err != nil {
			return nil, err
		}
		marks, err := cutter(pattern.Runes(isPunctuation), "Isolated", false)
		return append(spaces, marks...), err
	case "Metaspace":
		return c.metaspace()
	case "UnicodeScripts":
		return []splitter{splitFunc(byScript)}, nil
	case "FixedLength":
		length := 5
		if c.Length != nil {
			length = *c.Length
		}
		if length < 1 {
			return nil, fmt.Errorf("length %d is less than 1", length)
		}
		return []splitter{byLength(length)}, nil
	}
	return nil, fmt.Errorf("type is not known")
}

// patternJSON is a pattern as written: {"String": s} or {"Regex": s}.
type patternJSON struct{ String, Regex *string }

func (p patternJSON) compile() (*pattern.Pattern, error) {
	switch {
	case p.String != nil:
		return pattern.Literal(*p.String), nil
	case p.Regex != nil:
		return pattern.Compile(*p.Regex, pattern.Oniguruma)
	}
	return nil, fmt.Errorf("pattern has neither String nor Regex")
}

// byteLevelSplitters are ByteLevel in three steps; the last, spelling, is left out where the model takes bytes.
func byteLevelSplitters(prefix, regex bool) (s []splitter, err error) {
	if prefix {
		s = append(s, splitFunc(func(t aligned.Text, piece func(aligned.Text)) {
			if !strings.HasPrefix(t.S, " ") {
				t.Prepend(" ")
			}
			piece(t)
		}))
	}
	if regex {
		p, err := pattern.Compile(pattern.GPT2, pattern.Oniguruma)
		if err != nil {
			return nil, err
		}
		s = append(s, isolator{p})
	}
	return append(s, splitFunc(func(t aligned.Text, piece func(aligned.Text)) {
		spell(&t)
		piece(t)
	})), nil
}

// marker puts a mark in the place of spaces, and before a text that does not start with one: always, never, or only where the
// text is the first of the original ("first").
type marker struct{ mark, scheme string }

func (m marker) split(t aligned.Text, piece func(aligned.Text)) {
	first := t.Start() == 0
	t.ReplaceString(" ", m.mark)
	if !strings.HasPrefix(t.S, m.mark) && (m.scheme == "always" || m.scheme == "first" && first) {
		t.Prepend(m.mark)
	}
	piece(t)
}

// asksPlace says whether splitters must know where changed texts start in the original.
func asksPlace(all []splitter, changed bool) bool {
	for _, s := range all {
		if m, ok := s.(marker); ok && m.scheme == "first" && changed {
			return true
		}
		if _, ok := s.(isolator); !ok { // any other may change the text
			changed = true
		}
	}
	return false
}

// metaspace makes the splitters of Metaspace.
func (c preTokenizerJSON) metaspace() ([]splitter, error) {
	mark, scheme := c.Replacement, c.PrependScheme
	if utf8.RuneCountInString(mark) != 1 {
		return nil, fmt.Errorf("replacement %q is not one character", mark)
	}
	if scheme == "" {
		scheme = "always"
		if c.AddPrefixSpace != nil && !*c.AddPrefixSpace {
			scheme = "never"
		}
	}
	if scheme != "always" && scheme != "first" && scheme != "never" {
		return nil, fmt.Errorf("prepend_scheme %q is not known", scheme)
	}
	if c.AddPrefixSpace != nil && !*c.AddPrefixSpace && scheme != "never" {
		return nil, fmt.Errorf("add_prefix_space is false but prepend_scheme is %q", scheme)
	}
	s := []splitter{marker{mark, scheme}}
	if c.Split != nil && !*c.Split {
		return s, nil
	}
	cut, err := cutter(pattern.Literal(mark), "MergedWithNext", false)
	return append(s, cut...), err
}

// byLength cuts every n characters.
func byLength(n int) splitFunc {
	return func(t aligned.Text, piece func(aligned.Text)) {
		from, count := 0, 0
		for i := range t.S {
			if count == n {
				piece(t.Slice(from, i))
				from, count = i, 0
			}
			count++
		}
		piece(t.Slice(from, len(t.S)))
	}
}

// byScript cuts where the script changes; spaces go with what is before them. Han, Hiragana and Katakana count as one. As in
// the reference, spaces at the start are lost.
func byScript(t aligned.Text, piece func(aligned.Text)) {
	from, last := len(t.S), ""
	for i, r := range t.S {
		script := scriptOf(r)
		if script == "" || script == last {
			continue
		}
		if last != "" {
			piece(t.Slice(from, i))
		}
		from, last = i, script
	}
	if last != "" {
		piece(t.Slice(from, len(t.S)))
	}
}

// unicode9 is what Unicode 9 had assigned, the version of the reference's scripts.
var unicode9 = rangetable.Assigned("9.0.0")

// scriptOf is the script of a rune; "" for spaces and unassigned runes, which go with any.
func scriptOf(r rune) string {
	switch r {
	case ' ':
		return ""
	case 'ー':
		return "Han"
	case 0x589, 0x61c: // these four have changed since
		return "Common"
	case 0x953, 0x954:
		return "Devanagari"
	}
	if !unicode.Is(unicode9, r) {
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			if name == "Hiragana" || name == "Katakana" {
				return "Han"
			}
			return name
		}
	}
	return ""
}
