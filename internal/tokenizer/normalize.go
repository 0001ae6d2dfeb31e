package tokenizer

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/rangetable"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/subword"
)

// A normalizer changes a text.
type normalizer func(t *aligned.Text)

// normalizerJSON is a normalizer as written, of whatever type.
type normalizerJSON struct {
	Type        string
	Normalizers []json.RawMessage

	Prepend string
	Pattern patternJSON
	Content string

	StripLeft  bool `json:"strip_left"`
	StripRight bool `json:"strip_right"`

	CharsMap string `json:"precompiled_charsmap"`

	CleanText    *bool `json:"clean_text"`
	ChineseChars *bool `json:"handle_chinese_chars"`
	StripAccents *bool `json:"strip_accents"`
	Lowercase    *bool
}

// normalizers makes those of a tokenizer.json.
func normalizers(raw json.RawMessage) ([]normalizer, error) {
	if isNull(raw) {
		return nil, nil
	}
	var c normalizerJSON
	if err := strict(raw, &c); err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	if c.Type == "Sequence" {
		var all []normalizer
		for _, raw := range c.Normalizers {
			n, err := normalizers(raw)
			if err != nil {
				return nil, err
			}
			all = append(all, n...)
		}
		return all, nil
	}
	n, err := c.normalizer()
	if err != nil {
		return nil, fmt.Errorf("normalizer %s: %w", c.Type, err)
	}
	return []normalizer{n}, nil
}

func (c normalizerJSON) normalizer() (normalizer, error) {
	switch c.Type {
	case "NFC":
		return func(t *aligned.Text) { t.Form(aligned.NFC) }, nil
	case "NFD":
		return func(t *aligned.Text) { t.Form(aligned.NFD) }, nil
	case "NFKC":
		return func(t *aligned.Text) { t.Form(aligned.NFKC) }, nil
	case "NFKD":
		return func(t *aligned.Text) { t.Form(aligned.NFKD) }, nil
	case "Lowercase":
		return (*aligned.Text).Lower, nil
	case "Strip":
		return func(t *aligned.Text) { t.Strip(c.StripLeft, c.StripRight) }, nil
	case "StripAccents":
		return func(t *aligned.Text) { t.Filter(func(r rune) bool { return !aligned.IsMark(r) }) }, nil
	case "Nmt":
		return nmt, nil
	case "ByteLevel":
		return spell, nil
	case "Prepend":
		if c.Prepend == "" {
			return nil, fmt.Errorf("prepend is empty")
		}
		return func(t *aligned.Text) { t.Prepend(c.Prepend) }, nil
	case "Replace":
		if c.Pattern.String != nil && *c.Pattern.String != "" {
			return func(t *aligned.Text) { t.ReplaceString(*c.Pattern.String, c.Content) }, nil
		}
		p, err := c.Pattern.compile()
		if err != nil {
			return nil, err
		}
		return func(t *aligned.Text) { t.Replace(p.Find, c.Content) }, nil
	case "Precompiled":
		data, err := base64.StdEncoding.DecodeString(c.CharsMap)
		if err != nil {
			return nil, err
		}
		m, err := aligned.NewCharsMap(data)
		if err != nil {
			return nil, err
		}
		return m.Apply, nil
	case "BertNormalizer":
		return c.bert(), nil
	}
	return nil, fmt.Errorf("type is not known")
}

// spell writes each byte as its rune of the byte-level alphabet.
func spell(t *aligned.Text) {
	changes := make([]aligned.Change, 0, len(t.S))
	for i, r := range t.S {
		by := 0
		for j := range utf8.RuneLen(r) {
			changes = append(changes, aligned.Change{Rune: subword.ByteRune(t.S[i+j]), By: by})
			by = 1
		}
	}
	t.Transform(changes, 0)
}

// bert is the normalizer of BERT: control characters out, white space to spaces, spaces round Chinese characters, accents out,
// lower case.
func (c normalizerJSON) bert() normalizer {
	isSet := func(b *bool, unset bool) bool {
		if b == nil {
			return unset
		}
		return *b
	}
	clean, chinese, lower := isSet(c.CleanText, true), isSet(c.ChineseChars, true), isSet(c.Lowercase, true)
	accents := isSet(c.StripAccents, lower)
	return func(t *aligned.Text) {
		if clean {
			t.Filter(func(r rune) bool { return r != 0 && r != 0xfffd && !isControl(r) })
			t.Map(func(r rune) rune {
				if unicode.IsSpace(r) {
					return ' '
				}
				return r
			})
		}
		if chinese {
			t.Surround(isChinese)
		}
		if accents {
			t.Form(aligned.NFD)
			t.Filter(func(r rune) bool { return !isNonspacing(r) })
		}
		if lower {
			t.Lower()
		}
	}
}

// isChinese covers the blocks that BERT lists; U+2B820-2B91F are missing from its list.
func isChinese(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r >= 0x20000 && r <= 0x2a6df ||
		r >= 0x2a700 && r <= 0x2b73f || r >= 0x2b740 && r <= 0x2b81f || r >= 0x2b920 && r <= 0x2ceaf ||
		r >= 0xf900 && r <= 0xfaff || r >= 0x2f800 && r <= 0x2fa1f
}

// nmt is the clean-up of SentencePiece's nmt_* rules.
func nmt(t *aligned.Text) {
	t.Filter(func(r rune) bool {
		return !(r >= 1 && r <= 8 || r == 0x0b || r >= 0x0e && r <= 0x1f || r == 0x7f || r == 0x8f || r == 0x9f)
	})
	t.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\f', r == '\r', r == 0x1680, r >= 0x200b && r <= 0x200f, r == 0x2028, r == 0x2029,
			r == '▁', r == 0xfeff, r == 0xfffd:
			return ' '
		}
		return r
	})
}

// unicode8 is what Unicode 8 had assigned. The reference takes the categories of BERT's rules from that version: what came
// later is no mark, no control and no punctuation to it, and the runes named below were something else at the time.
var unicode8 = rangetable.Assigned("8.0.0")

// isControl is the Other category but for what is unassigned, and for line ends and tabs, which count as white space.
func isControl(r rune) bool {
	if r < utf8.RuneSelf {
		return (r < ' ' || r == 0x7f) && r != '\t' && r != '\n' && r != '\r'
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) && unicode.Is(unicode8, r)
}

// isNonspacing is the category Mn.
func isNonspacing(r rune) bool {
	switch r {
	case 0x1734, 0x1171e:
		return true
	case 0x1885, 0x1886, 0xa9bd, 0x111c9:
		return false
	}
	return r >= 0x300 && unicode.Is(unicode.Mn, r) && unicode.Is(unicode8, r)
}

// isPunctuation is that of BERT: the category P, and all of ASCII that is no letter, number or space.
func isPunctuation(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r > ' ' && r < 0x7f && !(r >= '0' && r <= '9') && !(r|0x20 >= 'a' && r|0x20 <= 'z')
	case r == 0x166d, r == 0x111c9:
		return true
	}
	return unicode.IsPunct(r) && unicode.Is(unicode8, r)
}
