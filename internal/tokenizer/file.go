package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"fettle/internal/tokenizer/subword"
)

// file is a tokenizer.json.
type file struct {
	Version       string
	Truncation    json.RawMessage // not heeded: see the package's documentation
	Padding       json.RawMessage // nor this
	AddedTokens   []AddedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage
	Model         json.RawMessage
}

func readFile(data []byte) (*file, error) {
	var f file
	if err := strict(data, &f); err != nil {
		return nil, err
	}
	if f.Version != "" && f.Version != "1.0" {
		return nil, fmt.Errorf("version %q is not known", f.Version)
	}
	return &f, nil
}

// build makes the tokenizer that a file describes.
func (f *file) build() (*Tokenizer, error) {
	t := &Tokenizer{}
	var err error
	if t.model, err = newModel(f.Model); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if t.normalize, err = normalizers(f.Normalizer); err != nil {
		return nil, err
	}
	splitters, byteLevel, err := preTokenizer(f.PreTokenizer)
	if err != nil {
		return nil, err
	}
	t.splitters = splitters
	t.takeBytes(byteLevel)
	t.splitters = append(t.splitters, spaceSplitters(t.model)...)
	if t.decoder, t.joinsBytes, err = decoders(f.Decoder); err != nil {
		return nil, err
	}
	if err := t.postProcessor(f.PostProcessor); err != nil {
		return nil, err
	}
	if t.template.single == nil {
		t.template = plainTemplate()
	}
	if err := f.checkIDs(t.model.Vocab()); err != nil {
		return nil, err
	}
	if t.added, err = newAdded(f.AddedTokens, t); err != nil {
		return nil, err
	}
	t.finish()
	return t, nil
}

// checkIDs refuses added tokens whose ids would be read in two ways: Hugging Face's tokenizers give a token that is not in the
// vocabulary the next free id, whatever the file says.
func (f *file) checkIDs(vocab *subword.Vocab) error {
	next := int32(vocab.Size())
	seen := map[string]bool{}
	for _, a := range f.AddedTokens {
		if _, ok := vocab.ID(a.Content); ok || a.Content == "" || seen[a.Content] {
			continue
		}
		if seen[a.Content] = true; a.ID != next {
			return fmt.Errorf("added token %q has id %d, but the next free one is %d", a.Content, a.ID, next)
		}
		next++
	}
	return nil
}

// takeBytes leaves out the last splitter, the one that spells bytes, where the model can take bytes as they are.
func (t *Tokenizer) takeBytes(byteLevel bool) {
	bpe, ok := t.model.(*subword.BPE)
	if !ok || !byteLevel {
		return
	}
	if raw, ok := bpe.Raw(); ok {
		t.model, t.splitters = raw, t.splitters[:len(t.splitters)-1]
	}
}

// modelJSON is a model as written, of whatever type.
type modelJSON struct {
	Type         string
	Vocab        json.RawMessage
	Merges       mergeList
	Dropout      *float64
	Unknown      *string `json:"unk_token"`
	UnknownID    *int    `json:"unk_id"`
	Prefix       *string `json:"continuing_subword_prefix"`
	Suffix       *string `json:"end_of_word_suffix"`
	FuseUnknown  bool    `json:"fuse_unk"`
	ByteFallback bool    `json:"byte_fallback"`
	IgnoreMerges bool    `json:"ignore_merges"`
	MaxRunes     *int    `json:"max_input_chars_per_word"`
}

// kind is the type of a model; older files do not say it, but their fields do.
func (c modelJSON) kind() string {
	switch {
	case c.Type != "":
		return c.Type
	case c.Merges != nil:
		return "BPE"
	case c.UnknownID != nil || strings.HasPrefix(strings.TrimSpace(string(c.Vocab)), "["):
		return "Unigram"
	case c.MaxRunes != nil:
		return "WordPiece"
	case c.Unknown != nil:
		return "WordLevel"
	}
	return ""
}

// maxID bounds ids: tables are as long as the greatest one.
const maxID = 1 << 24

func checkRange(vocab map[string]int32) error {
	for token, id := range vocab {
		if id < 0 || id >= maxID {
			return fmt.Errorf("token %q: id %d is not between 0 and %d", token, id, maxID)
		}
	}
	return nil
}

// newModel reads the model.
func newModel(raw json.RawMessage) (subword.Model, error) {
	var c modelJSON
	if err := strict(raw, &c); err != nil {
		return nil, err
	}
	if c.kind() == "Unigram" {
		return c.unigram()
	}
	var vocab map[string]int32
	if err := json.Unmarshal(c.Vocab, &vocab); err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	if err := checkRange(vocab); err != nil {
		return nil, err
	}
	switch c.kind() {
	case "BPE":
		if c.Dropout != nil && *c.Dropout != 0 {
			return nil, fmt.Errorf("dropout %v: encoding at random is not supported", *c.Dropout)
		}
		return subword.NewBPE(subword.BPEConfig{
			Vocab: vocab, Merges: c.Merges, Unknown: text(c.Unknown, ""), Prefix: text(c.Prefix, ""), Suffix: text(c.Suffix, ""),
			FuseUnknown: c.FuseUnknown, ByteFallback: c.ByteFallback, IgnoreMerges: c.IgnoreMerges,
		})
	case "WordPiece":
		maxRunes := 100
		if c.MaxRunes != nil {
			maxRunes = *c.MaxRunes
		}
		return subword.NewWordPiece(vocab, text(c.Unknown, "[UNK]"), text(c.Prefix, "##"), maxRunes)
	case "WordLevel":
		return subword.NewWordLevel(vocab, text(c.Unknown, "<unk>"))
	}
	return nil, fmt.Errorf("type %q is not known", c.Type)
}

func (c modelJSON) unigram() (subword.Model, error) {
	var entries []scoredToken
	if err := json.Unmarshal(c.Vocab, &entries); err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	u := subword.UnigramConfig{Unknown: -1, ByteFallback: c.ByteFallback}
	if c.UnknownID != nil {
		u.Unknown = *c.UnknownID
	}
	for _, e := range entries {
		u.Tokens, u.Scores = append(u.Tokens, e.token), append(u.Scores, e.score)
	}
	return subword.NewUnigram(u)
}

// scoredToken is written as ["token", score].
type scoredToken struct {
	token string
	score float64
}

func (s *scoredToken) UnmarshalJSON(data []byte) error {
	var score json.Number
	if err := json.Unmarshal(data, &[]any{&s.token, &score}); err != nil {
		return err
	}
	var err error
	s.score, err = quickFloat(score.String())
	return err
}

// mergeList is merges as written: pairs, or in older files strings with a space between the two.
type mergeList [][2]string

func (m *mergeList) UnmarshalJSON(data []byte) error {
	if inner := bytes.TrimLeft(data[1:], " \t\r\n"); len(inner) > 0 && inner[0] == '[' {
		return json.Unmarshal(data, (*[][2]string)(m))
	}
	var lines []string
	if err := json.Unmarshal(data, &lines); err != nil {
		return err
	}
	var err error
	*m, err = parseMerges(lines)
	return err
}

// parseMerges reads merges written as two tokens with a space between them.
func parseMerges(lines []string) ([][2]string, error) {
	merges := make([][2]string, 0, len(lines))
	for i, line := range lines {
		if strings.HasPrefix(line, "#version") {
			continue
		}
		left, right, ok := strings.Cut(line, " ")
		if !ok || strings.Contains(right, " ") {
			return nil, fmt.Errorf("merge %d %q: not two tokens with a space between them", i, line)
		}
		merges = append(merges, [2]string{left, right})
	}
	return merges, nil
}

// strict reads JSON and refuses what it does not know: a setting left aside would give other ids.
func strict(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(to)
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// text is a string that may be missing.
func text(s *string, missing string) string {
	if s == nil {
		return missing
	}
	return *s
}

// quickFloat reads a number as serde_json does by default: the digits as one integer, then one multiplication or division by a
// power of ten. The last bit may differ from the nearest float64, and with it which of two equally good ways to cut a word a
// unigram model takes.
func quickFloat(s string) (float64, error) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	power := 0
	if exponent != "" {
		var err error
		if power, err = strconv.Atoi(exponent); err != nil {
			return 0, fmt.Errorf("read number %q: %w", s, err)
		}
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	var digits uint64
	fraction, full := false, false
	for _, c := range mantissa {
		if c == '.' {
			fraction = true
			continue
		}
		d := uint64(c - '0')
		full = full || digits > (math.MaxUint64-d)/10
		if full {
			if !fraction {
				power++
			}
			continue
		}
		digits = digits*10 + d
		if fraction {
			power--
		}
	}
	f := scale(float64(digits), power)
	if negative {
		f = -f
	}
	return f, nil
}

// scale is f times a power of ten, 308 places at a time.
func scale(f float64, power int) float64 {
	for ; power < -308 && f != 0; power += 308 {
		f /= 1e308
	}
	if power < 0 {
		return f / math.Pow10(-power)
	}
	return f * math.Pow10(power)
}
