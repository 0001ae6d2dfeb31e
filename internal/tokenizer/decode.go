package tokenizer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/pattern"
	"fettle/internal/tokenizer/subword"
)

// Decode gives the text of ids. Ids that are no tokens are left out; bytes that are no UTF-8 become U+FFFD. skipSpecial leaves
// special tokens out.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	if t.bytes != nil {
		return aligned.Valid(string(t.appendBytes(nil, ids, skipSpecial)))
	}
	tokens := make([]string, 0, len(ids))
	for _, id := range ids {
		if skipSpecial && t.skips(id) {
			continue
		}
		if s, ok := t.spelling(id); ok {
			tokens = append(tokens, s)
		}
	}
	if t.decoder == nil {
		return strings.Join(tokens, " ")
	}
	for _, d := range t.decoder {
		tokens = d(tokens)
	}
	return strings.Join(tokens, "")
}

func (t *Tokenizer) appendBytes(dst []byte, ids []int32, skipSpecial bool) []byte {
	for _, id := range ids {
		if id < 0 || int(id) >= len(t.bytes) || skipSpecial && t.skips(id) {
			continue
		}
		dst = append(dst, t.bytes[id]...)
	}
	return dst
}

// spelling is what decoding starts from: the token, in its normalized form where it was looked for in that.
func (t *Tokenizer) spelling(id int32) (string, bool) {
	if s, ok := t.added.spelling[id]; ok {
		return s, true
	}
	return t.Token(id)
}

// skips says whether decoding without special tokens leaves a token out. As in the reference the spelling decides: a special
// token that normalizing changes stays, and a token of the vocabulary that is spelled like a special one goes.
func (t *Tokenizer) skips(id int32) bool {
	if _, ok := t.added.byID[id]; !ok && !t.vocab.Repeats() {
		return false
	}
	s, _ := t.spelling(id)
	a, ok := t.added.byContent[s]
	return ok && a.Special
}

// allBytes are the bytes of every token in a byte-level vocabulary.
func (t *Tokenizer) allBytes() []string {
	top := t.vocab.Top()
	for _, a := range t.added.tokens {
		top = max(top, a.ID+1)
	}
	out := make([]string, top)
	for id := range out {
		if s, ok := t.spelling(int32(id)); ok {
			out[id] = tokenBytes(s)
		}
	}
	return out
}

// tokenBytes are the bytes that a token spells, or its own where it is not in the byte-level alphabet.
func tokenBytes(s string) string {
	if b, ok := subword.AppendBytes(make([]byte, 0, len(s)), s); ok {
		return string(b)
	}
	return s
}

// A decoder is one step from tokens to parts of text, which are joined in the end.
type decoder func(tokens []string) []string

// decoderJSON is a decoder as written, of whatever type.
type decoderJSON struct {
	Type     string
	Decoders []json.RawMessage

	Pattern patternJSON
	Content string

	Start, Stop int

	Replacement    string
	AddPrefixSpace *bool  `json:"add_prefix_space"`
	PrependScheme  string `json:"prepend_scheme"`
	StrRep         string `json:"str_rep"` // older files: the replacement again
	Split          bool   // these three say something of a pre-tokenizer only
	TrimOffsets    bool   `json:"trim_offsets"`
	UseRegex       bool   `json:"use_regex"`

	Prefix  *string
	Suffix  *string
	Cleanup *bool

	Pad       *string `json:"pad_token"`
	Delimiter *string `json:"word_delimiter_token"`
}

// decoders makes those of a tokenizer.json. joinsBytes says that ByteLevel is all there is.
func decoders(raw json.RawMessage) (all []decoder, joinsBytes bool, err error) {
	if isNull(raw) {
		return nil, false, nil
	}
	var c decoderJSON
	if err := strict(raw, &c); err != nil {
		return nil, false, fmt.Errorf("decoder: %w", err)
	}
	if c.Type == "Sequence" {
		all = []decoder{}
		for _, raw := range c.Decoders {
			d, bytes, err := decoders(raw)
			if err != nil {
				return nil, false, err
			}
			all, joinsBytes = append(all, d...), bytes && len(c.Decoders) == 1
		}
		return all, joinsBytes, nil
	}
	d, err := c.decoder()
	if err != nil {
		return nil, false, fmt.Errorf("decoder %s: %w", c.Type, err)
	}
	return []decoder{d}, c.Type == "ByteLevel", nil
}

func (c decoderJSON) decoder() (decoder, error) {
	switch c.Type {
	case "ByteLevel":
		return joinBytes, nil
	case "Replace":
		p, err := c.Pattern.compile()
		if err != nil {
			return nil, err
		}
		return each(func(_ int, s string) string { return replace(p, s, c.Content) }), nil
	case "ByteFallback":
		return byteFallback, nil
	case "Fuse":
		return func(tokens []string) []string { return []string{strings.Join(tokens, "")} }, nil
	case "Strip":
		return each(func(_ int, s string) string { return strip(s, c.Content, c.Start, c.Stop) }), nil
	case "Metaspace":
		never := c.PrependScheme == "never" || c.AddPrefixSpace != nil && !*c.AddPrefixSpace
		return each(func(i int, s string) string {
			if i == 0 && !never {
				return strings.ReplaceAll(s, c.Replacement, "")
			}
			return strings.ReplaceAll(s, c.Replacement, " ")
		}), nil
	case "WordPiece":
		prefix, tidy := text(c.Prefix, "##"), c.Cleanup == nil || *c.Cleanup
		return each(func(i int, s string) string {
			if i > 0 {
				if rest, ok := strings.CutPrefix(s, prefix); ok {
					s = rest
				} else {
					s = " " + s
				}
			}
			if tidy {
				s = cleanup.Replace(s)
			}
			return s
		}), nil
	case "BPEDecoder":
		suffix := text(c.Suffix, "</w>")
		return func(tokens []string) []string {
			for i, s := range tokens {
				space := " "
				if i == len(tokens)-1 {
					space = ""
				}
				tokens[i] = strings.ReplaceAll(s, suffix, space)
			}
			return tokens
		}, nil
	case "CTC":
		return ctc(text(c.Pad, "<pad>"), text(c.Delimiter, "|"), c.Cleanup == nil || *c.Cleanup), nil
	}
	return nil, fmt.Errorf("type is not known")
}

// each makes a decoder of a change of single tokens.
func each(change func(i int, s string) string) decoder {
	return func(tokens []string) []string {
		for i, s := range tokens {
			tokens[i] = change(i, s)
		}
		return tokens
	}
}

func joinBytes(tokens []string) []string {
	var b strings.Builder
	for _, s := range tokens {
		b.WriteString(tokenBytes(s))
	}
	return []string{aligned.Valid(b.String())}
}

func replace(p *pattern.Pattern, s, content string) string {
	var b strings.Builder
	done := 0
	for start, end := range aligned.Matches(p.Find, s) {
		b.WriteString(s[done:start])
		b.WriteString(content)
		done = end
	}
	return b.String() + s[done:]
}

// byteFallback joins <0xNN> tokens that follow each other; where they are no UTF-8, each becomes U+FFFD.
func byteFallback(tokens []string) []string {
	out := make([]string, 0, len(tokens))
	var bytes []byte
	flush := func() {
		if utf8.Valid(bytes) && len(bytes) > 0 {
			out = append(out, string(bytes))
		} else {
			for range bytes {
				out = append(out, "\ufffd")
			}
		}
		bytes = bytes[:0]
	}
	for _, s := range tokens {
		if len(s) == 6 && strings.HasPrefix(s, "<0x") && s[5] == '>' {
			if b, err := strconv.ParseUint(s[3:5], 16, 8); err == nil {
				bytes = append(bytes, byte(b))
				continue
			}
		}
		flush()
		out = append(out, s)
	}
	flush()
	return out
}

// strip takes at most start and stop contents from the ends of s.
func strip(s, content string, start, stop int) string {
	for ; start > 0 && strings.HasPrefix(s, content); start-- {
		s = s[len(content):]
	}
	for ; stop > 0 && strings.HasSuffix(s, content); stop-- {
		s = s[:len(s)-len(content)]
	}
	return s
}

// tidying is a chain of replacements, each over all of the text.
type tidying [][2]string

func (t tidying) Replace(s string) string {
	for _, r := range t {
		s = strings.ReplaceAll(s, r[0], r[1])
	}
	return s
}

// cleanup takes back the spaces that splitting English put before marks and contractions.
var cleanup = tidying{
	{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"},
	{" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
}

// ctc drops tokens that repeat the one before, and pads.
func ctc(pad, delimiter string, tidy bool) decoder {
	return func(tokens []string) []string {
		var out []string
		for i, s := range tokens {
			if i > 0 && s == tokens[i-1] {
				continue
			}
			s = strings.ReplaceAll(s, pad, "")
			if tidy {
				s = strings.ReplaceAll(cleanup.Replace(s), delimiter, " ")
			}
			if s != "" {
				out = append(out, s)
			}
		}
		return out
	}
}
