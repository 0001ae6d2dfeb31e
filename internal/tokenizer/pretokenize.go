package tokenizer

import (
	"encoding/json"
	"fmt"
	"strings"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/pattern"
	"fettle/internal/tokenizer/subword"
)

// A splitter cuts a text that is not empty into pieces, from left to right, and may change them.
type splitter func(t aligned.Text, piece func(aligned.Text))

// preTokenizer makes the splitters of a pre_tokenizer. byteLevel says that the last of them spells bytes as runes.
func preTokenizer(raw json.RawMessage) (s []splitter, byteLevel bool, err error) {
	var c struct {
		Type           string
		Pretokenizers  []json.RawMessage
		AddPrefixSpace bool  `json:"add_prefix_space"`
		UseRegex       *bool `json:"use_regex"`
		Pattern        patternJSON
		Behavior       string
		Invert         bool
	}
	if isNull(raw) {
		return nil, false, nil
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, false, fmt.Errorf("pre_tokenizer: %w", err)
	}
	switch c.Type {
	case "Sequence":
		for _, raw := range c.Pretokenizers {
			more, bytes, err := preTokenizer(raw)
			if err != nil {
				return nil, false, err
			}
			s, byteLevel = append(s, more...), bytes
		}
		return s, byteLevel, nil
	case "ByteLevel":
		return byteLevelSplitters(c.AddPrefixSpace, c.UseRegex == nil || *c.UseRegex), true, nil
	case "Split":
		p, err := c.Pattern.compile()
		if err != nil {
			return nil, false, fmt.Errorf("pre_tokenizer Split: %w", err)
		}
		cut, err := cutter(p, c.Behavior, c.Invert)
		return []splitter{cut}, false, err
	}
	return nil, false, fmt.Errorf("pre_tokenizer %q is not known", c.Type)
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
func byteLevelSplitters(prefix, regex bool) (s []splitter) {
	if prefix {
		s = append(s, func(t aligned.Text, piece func(aligned.Text)) {
			if !strings.HasPrefix(t.S, " ") {
				t.Prepend(" ")
			}
			piece(t)
		})
	}
	if regex {
		p, err := pattern.Compile(pattern.GPT2, pattern.Oniguruma)
		if err != nil {
			panic(err)
		}
		cut, _ := cutter(p, "Isolated", false)
		s = append(s, cut)
	}
	return append(s, spellBytes)
}

// spellBytes writes each byte as its rune of the byte-level alphabet.
func spellBytes(t aligned.Text, piece func(aligned.Text)) {
	changes := make([]aligned.Change, 0, len(t.S))
	for i, r := range t.S {
		by := 0
		for j := range len(string(r)) {
			changes = append(changes, aligned.Change{Rune: subword.ByteRune(t.S[i+j]), By: by})
			by = 1
		}
	}
	t.Transform(changes, 0)
	piece(t)
}

// cutter cuts at the matches of a pattern. behavior says what becomes of them; invert takes what lies between for matches.
func cutter(p *pattern.Pattern, behavior string, invert bool) (splitter, error) {
	if behavior == "Isolated" {
		return func(t aligned.Text, piece func(aligned.Text)) { isolate(p, t, piece) }, nil
	}
	return nil, fmt.Errorf("behavior %q is not known", behavior)
}

// isolate gives the matches and what lies between them.
func isolate(p *pattern.Pattern, t aligned.Text, piece func(aligned.Text)) {
	done := 0
	for start, end := range aligned.Matches(p.Find, t.S) {
		if done < start {
			piece(t.Slice(done, start))
		}
		if start < end {
			piece(t.Slice(start, end))
		}
		done = end
	}
	if done < len(t.S) {
		piece(t.Slice(done, len(t.S)))
	}
}
