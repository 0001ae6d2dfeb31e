package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/pattern"
	"fettle/internal/tokenizer/subword"
)

// added are the tokens that are looked for in the text before the model sees it.
type added struct {
	tokens     []AddedToken // by id
	byID       map[int32]*AddedToken
	byContent  map[string]*AddedToken
	spelling   map[int32]string // of normalized tokens that normalizing changes
	plain      *matcher         // tokens looked for in the original text
	normalized *matcher         // tokens looked for in the normalized text
}

// newAdded gives the tokens their places.
func newAdded(tokens []AddedToken, t *Tokenizer) (*added, error) {
	a := &added{byID: map[int32]*AddedToken{}, byContent: map[string]*AddedToken{}, spelling: map[int32]string{}}
	for _, token := range tokens {
		if token.Content == "" {
			continue
		}
		if token.ID < 0 || token.ID >= maxID {
			return nil, fmt.Errorf("added token %q: id %d is not between 0 and %d", token.Content, token.ID, maxID)
		}
		if id, ok := t.model.Vocab().ID(token.Content); ok && id != token.ID {
			return nil, fmt.Errorf("added token %q has id %d, but %d in the vocabulary", token.Content, token.ID, id)
		}
		if was, ok := a.byID[token.ID]; ok && was.Content != token.Content {
			return nil, fmt.Errorf("added tokens %q and %q have one id, %d", was.Content, token.Content, token.ID)
		}
		if was, ok := a.byContent[token.Content]; ok && was.ID != token.ID {
			return nil, fmt.Errorf("added token %q has two ids, %d and %d", token.Content, was.ID, token.ID)
		}
		entry := token
		a.byID[token.ID], a.byContent[token.Content] = &entry, &entry
	}
	for _, token := range a.byID {
		a.tokens = append(a.tokens, *token)
	}
	slices.SortFunc(a.tokens, func(x, y AddedToken) int { return int(x.ID) - int(y.ID) })
	a.plain, a.normalized = newMatcher(), newMatcher()
	for _, token := range a.tokens {
		if !token.Normalized {
			a.plain.add(token.Content, token.ID)
			continue
		}
		text := aligned.Of(token.Content, false)
		for _, n := range t.normalize {
			n(&text)
		}
		if text.S == "" {
			return nil, fmt.Errorf("added token %q: normalizing leaves nothing of it to look for", token.Content)
		}
		if text.S != token.Content {
			a.spelling[token.ID] = text.S
		}
		a.normalized.add(text.S, token.ID)
	}
	return a, nil
}

// split calls text for what lies between the tokens of a matcher, and token for them.
func (a *added) split(in aligned.Text, tokens *matcher, o Options, text func(aligned.Text), token func(aligned.Text, int32)) {
	s := in.S
	done := 0 // everything before it has been given out
	for at := 0; at < len(s); {
		start, end, id := tokens.find(s, at)
		if start < 0 {
			break
		}
		at = end
		t := a.byID[id]
		if t.Special && o.PlainSpecial || !t.Special && o.PlainAdded || o.plainAt(in, start, end) {
			continue
		}
		if t.SingleWord && (wordBefore(s[:start]) || wordAfter(s[end:])) {
			continue
		}
		if t.LStrip {
			start = max(spaceBefore(s, start), done)
		}
		if t.RStrip {
			end = spaceAfter(s, end)
		}
		if done < start {
			text(in.Slice(done, start))
		}
		if start < end {
			token(in.Slice(start, end), id)
		}
		done = end
	}
	if done < len(s) {
		text(in.Slice(done, len(s)))
	}
}

// plainAt says whether bytes of a part of the text lie within a plain range.
func (o Options) plainAt(in aligned.Text, start, end int) bool {
	if len(o.Plain) == 0 {
		return false
	}
	start, end = in.Offsets(start, end)
	i, _ := slices.BinarySearchFunc(o.Plain, start, func(r Range, at int) int { return r.End - at - 1 })
	return i < len(o.Plain) && o.Plain[i].Start <= start && end <= o.Plain[i].End
}

func wordBefore(s string) bool {
	r, w := utf8.DecodeLastRuneInString(s)
	return w > 0 && pattern.IsWord(r)
}

func wordAfter(s string) bool {
	r, w := utf8.DecodeRuneInString(s)
	return w > 0 && pattern.IsWord(r)
}

// spaceBefore is where the white space that ends at end begins.
func spaceBefore(s string, end int) int {
	for end > 0 {
		r, w := utf8.DecodeLastRuneInString(s[:end])
		if !unicode.IsSpace(r) {
			break
		}
		end -= w
	}
	return end
}

// spaceAfter is where the white space that starts at start ends.
func spaceAfter(s string, start int) int {
	for start < len(s) {
		r, w := utf8.DecodeRuneInString(s[start:])
		if !unicode.IsSpace(r) {
			break
		}
		start += w
	}
	return start
}

// matcher finds the leftmost longest of its tokens.
type matcher struct {
	trie  *subword.Trie
	first [256]bool // bytes that tokens start with
	bytes string    // the same
}

func newMatcher() *matcher { return &matcher{trie: subword.NewTrie()} }

func (m *matcher) add(s string, id int32) {
	if s == "" {
		return
	}
	m.trie.Add(s, id)
	if !m.first[s[0]] {
		m.first[s[0]] = true
		m.bytes += s[:1]
	}
}

// find is the first match at or after from, or -1.
func (m *matcher) find(s string, from int) (start, end int, id int32) {
	for i := m.next(s, from); i >= 0; i = m.next(s, i+1) {
		if n, id := m.trie.Longest(s[i:]); n > 0 {
			return i, i + n, id
		}
	}
	return -1, -1, -1
}

// next is the first place at or after i where a token may start, or -1. Most vocabularies have tokens in angle brackets only.
func (m *matcher) next(s string, i int) int {
	switch len(m.bytes) {
	case 0:
		return -1
	case 1:
		at := strings.IndexByte(s[i:], m.bytes[0])
		if at < 0 {
			return -1
		}
		return i + at
	}
	for ; i < len(s); i++ {
		if m.first[s[i]] {
			return i
		}
	}
	return -1
}
