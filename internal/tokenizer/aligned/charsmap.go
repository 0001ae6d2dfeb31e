package aligned

import (
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// A CharsMap is the table of replacements that SentencePiece models carry: a double-array trie (darts-clone) from strings to
// places in a blob of strings that end in NUL.
type CharsMap struct {
	trie []uint32
	blob string
}

// NewCharsMap reads a precompiled_charsmap.
func NewCharsMap(data []byte) (*CharsMap, error) {
	if len(data) < 4 {
		return nil, errors.New("precompiled_charsmap is cut short")
	}
	size := int(binary.LittleEndian.Uint32(data))
	data = data[4:]
	if size > len(data) || size%4 != 0 || size == 0 {
		return nil, errors.New("precompiled_charsmap is cut short")
	}
	m := &CharsMap{trie: make([]uint32, size/4), blob: string(data[size:])}
	for i := range m.trie {
		m.trie[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return m, nil
}

// Units of the double array: bit 8 says that a value follows, bits 10 and up (8 higher where bit 9 is set) are the offset to
// the children, bits 0-7 and 31 the label; of a value, bits 0-30.
func unitOffset(u uint32) uint32 { return u >> 10 << (u & (1 << 9) >> 6) }
func unitHasLeaf(u uint32) bool  { return u>>8&1 == 1 }
func unitLabel(u uint32) uint32  { return u & (1<<31 | 0xff) }

// find gives the replacements of prefixes of s, shortest first, until yield says no.
func (m *CharsMap) find(s string, yield func(length int, to string) bool) {
	at := unitOffset(m.trie[0])
	for i := range len(s) {
		if at ^= uint32(s[i]); s[i] == 0 || int(at) >= len(m.trie) {
			return
		}
		unit := m.trie[at]
		if unitLabel(unit) != uint32(s[i]) {
			return
		}
		if at ^= unitOffset(unit); int(at) >= len(m.trie) {
			return
		}
		if unitHasLeaf(unit) && !yield(i+1, m.value(m.trie[at])) {
			return
		}
	}
}

func (m *CharsMap) value(unit uint32) string {
	at := int(unit &^ (1 << 31))
	if at > len(m.blob) {
		return ""
	}
	to, _, _ := strings.Cut(m.blob[at:], "\x00")
	return to
}

// first is the replacement of the shortest prefix of s that has one: what Hugging Face's tokenizers take for all of s.
func (m *CharsMap) first(s string) (to string, ok bool) {
	m.find(s, func(_ int, r string) bool { to, ok = r, true; return false })
	return to, ok
}

// Longest is the replacement of the longest prefix of s that has one: what SentencePiece takes.
func (m *CharsMap) Longest(s string) (length int, to string) {
	m.find(s, func(n int, r string) bool { length, to = n, r; return true })
	return length, to
}

// Apply replaces what the table replaces, as Hugging Face's tokenizers do: short grapheme clusters as a whole, else rune by
// rune.
func (m *CharsMap) Apply(t *Text) {
	changes := make([]Change, 0, len(t.S))
	modified := false
	one := func(part string) bool {
		to, ok := m.first(part)
		if ok {
			modified = true
			changes = AppendReplacement(changes, part, to)
		}
		return ok
	}
	for clusters := graphemes.FromString(t.S); clusters.Next(); {
		cluster := clusters.Value()
		if len(cluster) < 6 && one(cluster) { // the bound is the reference's
			continue
		}
		for i, r := range cluster {
			if !one(cluster[i : i+utf8.RuneLen(r)]) {
				changes = append(changes, Change{r, 0})
			}
		}
	}
	if modified {
		t.Transform(changes, 0)
	}
}

// ApplyLongest replaces what the table replaces, as SentencePiece does: at every place the longest string that it knows.
func (m *CharsMap) ApplyLongest(t *Text) {
	changes := make([]Change, 0, len(t.S))
	modified, dropped := false, 0
	for i := 0; i < len(t.S); {
		n, to := m.Longest(t.S[i:])
		if n == 0 {
			r, w := utf8.DecodeRuneInString(t.S[i:])
			changes = append(changes, Change{r, 0})
			i += w
			continue
		}
		modified = true
		if to == "" && len(changes) == 0 {
			dropped += utf8.RuneCountInString(t.S[i : i+n])
		}
		changes = AppendReplacement(changes, t.S[i:i+n], to)
		i += n
	}
	if modified {
		t.Transform(changes, dropped)
	}
}
