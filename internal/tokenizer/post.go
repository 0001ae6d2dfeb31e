package tokenizer

import (
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// An Encoding is what a model wants to know of one or two texts.
type Encoding struct {
	Tokens   []Token
	TypeIDs  []int32
	Special  []bool // added by the post-processor
	Sequence []int  // which text the token is of; -1 = none
}

// template says what goes round one text, and round two.
type template struct{ single, pair sequence }

// sequence is texts and what goes between them.
type sequence []item

// item is one text or the ids of a special token.
type item struct {
	text int // 0 or 1; -1 = ids
	ids  []int32
	kind int32
}

func plainTemplate() template {
	return template{single: sequence{{text: 0}}, pair: sequence{{text: 0}, {text: 1, kind: 1}}}
}

// ids puts the ids of the texts in their places; special says whether to add what goes between.
func (s sequence) ids(a, b []int32, special bool) []int32 {
	n := len(a) + len(b)
	for _, it := range s {
		n += len(it.ids)
	}
	return s.appendIDs(make([]int32, 0, n), a, b, special)
}

func (s sequence) appendIDs(dst, a, b []int32, special bool) []int32 {
	for _, it := range s {
		switch {
		case it.text == 0:
			dst = append(dst, a...)
		case it.text == 1:
			dst = append(dst, b...)
		case special:
			dst = append(dst, it.ids...)
		}
	}
	return dst
}

// tokens is ids with offsets, of one text.
func (s sequence) tokens(a []Token, special bool) []Token {
	out := make([]Token, 0, len(a)+len(s))
	for _, it := range s {
		switch {
		case it.text == 0:
			out = append(out, a...)
		case it.text < 0 && special:
			for _, id := range it.ids {
				out = append(out, Token{ID: id})
			}
		}
	}
	return out
}

func (s sequence) encoding(a, b []Token, special bool) Encoding {
	var e Encoding
	for _, it := range s {
		tokens := a
		if it.text == 1 {
			tokens = b
		}
		if it.text < 0 {
			tokens = nil
			for _, id := range it.ids {
				if special {
					tokens = append(tokens, Token{ID: id})
				}
			}
		}
		for _, t := range tokens {
			e.Tokens = append(e.Tokens, t)
			e.TypeIDs = append(e.TypeIDs, it.kind)
			e.Special = append(e.Special, it.text < 0)
			e.Sequence = append(e.Sequence, it.text)
		}
	}
	return e
}

// trim takes the white space at the ends of tokens out of their offsets.
type trim struct{ prefixSpace bool }

func (p trim) offsets(t Token, spelling, text string, first bool) Token {
	lead, trail := outerSpaces(spelling)
	if lead > 0 {
		if !(lead == 1 && p.prefixSpace && (first || t.Start == 0)) {
			t.Start = min(forward(text, t.Start, lead), t.End)
		}
	}
	if trail > 0 {
		if end, ok := backward(text, t.End, trail); ok {
			t.End = max(end, t.Start)
		}
	}
	return t
}

// outerSpaces counts the spaces at the start and at the end of a token as the vocabulary spells it.
func outerSpaces(s string) (lead, trail int) {
	isSpace := func(r rune) bool { return r == 'Ġ' || unicode.IsSpace(r) }
	for _, r := range s {
		if !isSpace(r) {
			break
		}
		lead++
	}
	for len(s) > 0 {
		r, w := utf8.DecodeLastRuneInString(s)
		if !isSpace(r) {
			break
		}
		trail++
		s = s[:len(s)-w]
	}
	return lead, trail
}

// forward is n characters after at.
func forward(s string, at, n int) int {
	for range n {
		_, w := utf8.DecodeRuneInString(s[at:])
		at += w
	}
	return at
}

// backward is n characters before at, if there are as many.
func backward(s string, at, n int) (int, bool) {
	for range n {
		if at == 0 {
			return 0, false
		}
		_, w := utf8.DecodeLastRuneInString(s[:at])
		at -= w
	}
	return at, true
}

// postProcessor reads the post_processor of a tokenizer.json.
func (t *Tokenizer) postProcessor(raw json.RawMessage) error {
	if isNull(raw) {
		return nil
	}
	var c struct {
		Type           string
		Processors     []json.RawMessage
		AddPrefixSpace *bool `json:"add_prefix_space"`
		TrimOffsets    *bool `json:"trim_offsets"`
		Single, Pair   []templateItem
		UseRegex       bool                  `json:"use_regex"` // says something of a pre-tokenizer only
		SpecialTokens  map[string]specialIDs `json:"special_tokens"`
		Sep, Cls       namedID
	}
	if err := strict(raw, &c); err != nil {
		return fmt.Errorf("post_processor: %w", err)
	}
	isSet := func(b *bool) bool { return b == nil || *b }
	switch c.Type {
	case "Sequence":
		for _, p := range c.Processors {
			if err := t.postProcessor(p); err != nil {
				return err
			}
		}
		return nil
	case "ByteLevel":
		if isSet(c.TrimOffsets) {
			t.trim = append(t.trim, trim{isSet(c.AddPrefixSpace)})
		}
		return nil
	case "BertProcessing":
		return t.setTemplate(bertTemplate(c.Cls.id, c.Sep.id))
	case "RobertaProcessing":
		if isSet(c.TrimOffsets) {
			t.trim = append(t.trim, trim{isSet(c.AddPrefixSpace)})
		}
		return t.setTemplate(robertaTemplate(c.Cls.id, c.Sep.id))
	case "TemplateProcessing":
		ids := map[string][]int32{}
		for name, s := range c.SpecialTokens {
			ids[name] = s.IDs
		}
		single, err := newSequence(c.Single, ids)
		if err != nil {
			return err
		}
		pair, err := newSequence(c.Pair, ids)
		if err != nil {
			return err
		}
		return t.setTemplate(template{single, pair})
	}
	return fmt.Errorf("post_processor %q is not known", c.Type)
}

// setTemplate takes a template, the only one.
func (t *Tokenizer) setTemplate(to template) error {
	if t.template.single != nil {
		return fmt.Errorf("post_processor: two processors that add tokens are not supported")
	}
	t.template = to
	return nil
}

// bertTemplate is [CLS] A [SEP] and [CLS] A [SEP] B [SEP].
func bertTemplate(cls, sep int32) template {
	first := sequence{{-1, []int32{cls}, 0}, {0, nil, 0}, {-1, []int32{sep}, 0}}
	return template{first, append(first[:3:3], item{1, nil, 1}, item{-1, []int32{sep}, 1})}
}

// robertaTemplate is <s> A </s> and <s> A </s> </s> B </s>, all of one type.
func robertaTemplate(cls, sep int32) template {
	first := sequence{{-1, []int32{cls}, 0}, {0, nil, 0}, {-1, []int32{sep}, 0}}
	return template{first, append(first[:3:3], item{-1, []int32{sep}, 0}, item{1, nil, 0}, item{-1, []int32{sep}, 0})}
}

// namedID is written as ["</s>", 2].
type namedID struct{ id int32 }

func (n *namedID) UnmarshalJSON(data []byte) error {
	var name string
	return json.Unmarshal(data, &[]any{&name, &n.id})
}

// specialIDs are what a special token of a template is written as.
type specialIDs struct {
	ID     string
	IDs    []int32
	Tokens []string
}

// templateItem is an item as written.
type templateItem struct {
	SpecialToken, Sequence *struct {
		ID     string
		TypeID int32 `json:"type_id"`
	}
}

func newSequence(items []templateItem, ids map[string][]int32) (sequence, error) {
	var s sequence
	for _, it := range items {
		switch {
		case it.SpecialToken != nil:
			special, ok := ids[it.SpecialToken.ID]
			if !ok {
				return nil, fmt.Errorf("post_processor template: special token %q has no ids", it.SpecialToken.ID)
			}
			s = append(s, item{-1, special, it.SpecialToken.TypeID})
		case it.Sequence != nil && (it.Sequence.ID == "A" || it.Sequence.ID == "B"):
			s = append(s, item{int(it.Sequence.ID[0] - 'A'), nil, it.Sequence.TypeID})
		default:
			return nil, fmt.Errorf("post_processor template: an item is neither SpecialToken nor Sequence A or B")
		}
	}
	return s, nil
}
