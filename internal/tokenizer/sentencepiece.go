package tokenizer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"unicode/utf8"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/subword"
)

// spmModel is a SentencePiece model (sentencepiece_model.proto).
type spmModel struct {
	pieces       []spmPiece
	kind         uint64 // trainer_spec.model_type: 1 unigram, 2 BPE
	byteFallback bool
	suffixSpace  bool // treat_whitespace_as_suffix
	ids          map[string]int32

	charsMap    []byte
	dummyPrefix bool
	removeExtra bool // remove_extra_whitespaces
	escapeSpace bool
}

type spmPiece struct {
	text  string
	score float32
	kind  uint64
}

// Kinds of pieces.
const (
	spmNormal  = 1
	spmUnknown = 2
	spmControl = 3
	spmUser    = 4
	spmUnused  = 5
)

// space is what SentencePiece writes in the place of spaces.
const space = "▁"

// ParseSentencePiece reads a SentencePiece model, BPE or unigram. Control tokens in the text are taken for what they are
// unless Options say otherwise, and each part between them is encoded as a text of its own, as Hugging Face's tokenizers do.
// AddSpecial puts the bos token first; a model that has none (T5) gets the eos token at the end.
func ParseSentencePiece(data []byte) (*Tokenizer, error) {
	m, err := readSPM(data)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{}
	if t.model, err = m.model(); err != nil {
		return nil, err
	}
	if t.normalize, err = m.normalizers(); err != nil {
		return nil, err
	}
	t.template = m.template()
	t.splitters = spaceSplitters(t.model)
	t.decoder = m.decoders()
	var added []AddedToken
	for id, p := range m.pieces {
		if p.kind == spmControl || p.kind == spmUnknown || p.kind == spmUser {
			added = append(added, AddedToken{ID: int32(id), Content: p.text, Special: p.kind != spmUser})
		}
	}
	if t.added, err = newAdded(added, t); err != nil {
		return nil, err
	}
	t.finish()
	return t, nil
}

// template says which tokens go round texts: a file says only which tokens there are.
func (m *spmModel) template() template {
	if bos, ok := m.control("bos"); ok {
		first := item{-1, []int32{bos}, 0}
		return template{sequence{first, {text: 0}}, sequence{first, {text: 0}, {-1, []int32{bos}, 1}, {text: 1, kind: 1}}}
	}
	if eos, ok := m.control("eos"); ok {
		last := item{-1, []int32{eos}, 0}
		return template{sequence{{text: 0}, last}, sequence{{text: 0}, last, {text: 1}, last}}
	}
	return plainTemplate()
}

// control is the id of a control token, if the model has it.
func (m *spmModel) control(name string) (int32, bool) {
	id := m.ids[name]
	return id, id >= 0 && int(id) < len(m.pieces) && m.pieces[id].kind == spmControl
}

// isSPM says whether data looks like a SentencePiece model: its first piece is a message.
func isSPM(data []byte) bool {
	f, _, err := nextField(data)
	return err == nil && f.number == 1 && f.bytes != nil
}

func readSPM(data []byte) (*spmModel, error) {
	m := &spmModel{kind: 1, dummyPrefix: true, removeExtra: true, escapeSpace: true, ids: map[string]int32{"unk": 0, "bos": 1, "eos": 2}}
	for f, err := range fields(data) {
		if err == nil {
			switch f.number {
			case 1:
				err = m.readPiece(f.bytes)
			case 2:
				err = m.readTrainer(f.bytes)
			case 3:
				err = m.readNormalizer(f.bytes)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("SentencePiece model: %w", err)
		}
	}
	if len(m.pieces) == 0 {
		return nil, fmt.Errorf("SentencePiece model: it has no pieces")
	}
	return m, nil
}

func (m *spmModel) readPiece(data []byte) error {
	p := spmPiece{kind: spmNormal}
	for f, err := range fields(data) {
		if err != nil {
			return err
		}
		switch f.number {
		case 1:
			p.text = string(f.bytes)
		case 2:
			p.score = math.Float32frombits(uint32(f.bits))
		case 3:
			p.kind = f.bits
		}
	}
	m.pieces = append(m.pieces, p)
	return nil
}

func (m *spmModel) readTrainer(data []byte) error {
	for f, err := range fields(data) {
		if err != nil {
			return err
		}
		switch f.number {
		case 3:
			m.kind = f.bits
		case 24:
			m.suffixSpace = f.bits != 0
		case 35:
			m.byteFallback = f.bits != 0
		case 40:
			m.ids["unk"] = int32(f.bits)
		case 41:
			m.ids["bos"] = int32(f.bits)
		case 42:
			m.ids["eos"] = int32(f.bits)
		}
	}
	return nil
}

func (m *spmModel) readNormalizer(data []byte) error {
	for f, err := range fields(data) {
		if err != nil {
			return err
		}
		switch f.number {
		case 2:
			m.charsMap = f.bytes
		case 3:
			m.dummyPrefix = f.bits != 0
		case 4:
			m.removeExtra = f.bits != 0
		case 5:
			m.escapeSpace = f.bits != 0
		}
	}
	return nil
}

// model makes the model of the pieces. Unused pieces take part in no way.
func (m *spmModel) model() (subword.Model, error) {
	unknown := m.ids["unk"]
	if unknown < 0 || int(unknown) >= len(m.pieces) {
		return nil, fmt.Errorf("SentencePiece model: unk_id %d is not in the vocabulary", unknown)
	}
	if m.suffixSpace {
		return nil, fmt.Errorf("SentencePiece model: treat_whitespace_as_suffix is not supported")
	}
	switch m.kind {
	case 1:
		c := subword.UnigramConfig{Unknown: int(unknown), ByteFallback: m.byteFallback, Single: true}
		for _, p := range m.pieces {
			c.Tokens, c.Scores = append(c.Tokens, p.text), append(c.Scores, float64(p.score))
			c.Hidden = append(c.Hidden, p.kind != spmNormal)
		}
		return subword.NewUnigram(c)
	case 2:
		vocab := make(map[string]int32, len(m.pieces))
		scores := make(map[string]float32, len(m.pieces))
		for id, p := range m.pieces {
			if _, twice := vocab[p.text]; twice {
				return nil, fmt.Errorf("SentencePiece model: piece %q is there twice", p.text)
			}
			vocab[p.text] = int32(id)
			if p.kind == spmNormal {
				scores[p.text] = p.score
			}
		}
		return subword.NewScored(subword.BPEConfig{
			Vocab: vocab, Unknown: m.pieces[unknown].text, FuseUnknown: true, ByteFallback: m.byteFallback,
		}, scores)
	}
	return nil, fmt.Errorf("SentencePiece model: model_type %d (word or char) is not supported", m.kind)
}

func (m *spmModel) normalizers() ([]normalizer, error) {
	var all []normalizer
	if len(m.charsMap) > 0 {
		table, err := aligned.NewCharsMap(m.charsMap)
		if err != nil {
			return nil, err
		}
		all = append(all, table.ApplyLongest)
	}
	if m.removeExtra {
		all = append(all, removeExtraSpaces)
	}
	if m.dummyPrefix {
		all = append(all, func(t *aligned.Text) { t.Prepend(" ") })
	}
	if m.escapeSpace {
		all = append(all, func(t *aligned.Text) { t.ReplaceString(" ", space) })
	}
	return all, nil
}

// removeExtraSpaces leaves one space between words and none at the ends.
func removeExtraSpaces(t *aligned.Text) {
	s := strings.Trim(t.S, " ")
	from := strings.Index(t.S, s)
	*t = t.Slice(from, from+len(s))
	if !strings.Contains(s, "  ") {
		return
	}
	changes := make([]aligned.Change, 0, len(s))
	last := utf8.RuneError
	for _, r := range s {
		if r == ' ' && last == ' ' {
			changes[len(changes)-1].By--
			continue
		}
		changes = append(changes, aligned.Change{Rune: r})
		last = r
	}
	t.Transform(changes, 0)
}

func (m *spmModel) decoders() []decoder {
	all := []decoder{
		each(func(_ int, s string) string { return strings.ReplaceAll(s, space, " ") }),
		byteFallback,
		func(tokens []string) []string { return []string{strings.Join(tokens, "")} },
	}
	if m.dummyPrefix {
		all = append(all, each(func(_ int, s string) string { return strings.TrimPrefix(s, " ") }))
	}
	return all
}

// field is one field of a protocol buffer.
type field struct {
	number int
	bits   uint64 // of varints and of fixed 32 and 64 bit numbers
	bytes  []byte // of strings and messages
}

var errProtobuf = errors.New("is no protocol buffer, or is cut short")

// fields are those of a message, in the order in which they stand. It stops at the first error.
func fields(data []byte) iter.Seq2[field, error] {
	return func(yield func(field, error) bool) {
		for len(data) > 0 {
			f, rest, err := nextField(data)
			if !yield(f, err) || err != nil {
				return
			}
			data = rest
		}
	}
}

func nextField(data []byte) (f field, rest []byte, err error) {
	key, n := binary.Uvarint(data)
	if n <= 0 {
		return f, nil, errProtobuf
	}
	data = data[n:]
	f.number = int(key >> 3)
	switch key & 7 {
	case 0:
		if f.bits, n = binary.Uvarint(data); n <= 0 {
			return f, nil, errProtobuf
		}
		return f, data[n:], nil
	case 1:
		if len(data) < 8 {
			return f, nil, errProtobuf
		}
		f.bits = binary.LittleEndian.Uint64(data)
		return f, data[8:], nil
	case 2:
		size, n := binary.Uvarint(data)
		if n <= 0 || size > uint64(len(data)-n) {
			return f, nil, errProtobuf
		}
		f.bytes = data[n : n+int(size)]
		return f, data[n+int(size):], nil
	case 5:
		if len(data) < 4 {
			return f, nil, errProtobuf
		}
		f.bits = uint64(binary.LittleEndian.Uint32(data))
		return f, data[4:], nil
	}
	return f, nil, errProtobuf
}
