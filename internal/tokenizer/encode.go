package tokenizer

import (
	"sync"
	"sync/atomic"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/subword"
)

// Encode gives the ids of a text.
func (t *Tokenizer) Encode(text string, o Options) []int32 {
	e := t.encoder()
	defer t.release(e)
	e.run(text, o, false)
	return t.template.single.ids(e.ids, nil, o.AddSpecial)
}

// Append appends the ids of a text to dst.
func (t *Tokenizer) Append(dst []int32, text string, o Options) []int32 {
	e := t.encoder()
	defer t.release(e)
	e.run(text, o, false)
	return t.template.single.appendIDs(dst, e.ids, nil, o.AddSpecial)
}

// Count is the number of ids of a text.
func (t *Tokenizer) Count(text string, o Options) int {
	e := t.encoder()
	defer t.release(e)
	e.run(text, o, false)
	n := 0
	for _, it := range t.template.single {
		switch {
		case it.text == 0:
			n += len(e.ids)
		case o.AddSpecial:
			n += len(it.ids)
		}
	}
	return n
}

// EncodeOffsets gives the ids of a text and where in it they come from. Offsets are whole characters: a token that is part of
// one has all of it.
func (t *Tokenizer) EncodeOffsets(text string, o Options) []Token {
	e := t.encoder()
	defer t.release(e)
	e.run(text, o, true)
	return t.template.single.tokens(e.tokens, o.AddSpecial)
}

// encoder returns memory to encode with, that of an earlier call where there is one.
func (t *Tokenizer) encoder() *encoder {
	select {
	case e := <-t.idle:
		return e
	default:
		return newEncoder(t)
	}
}

// release keeps the memory of an encoder for the next call, unless a long text has made it large.
func (t *Tokenizer) release(e *encoder) {
	if e.text = ""; cap(e.ids)+cap(e.tokens) > maxIdle {
		e.ids, e.tokens, e.scratch = nil, nil, subword.Scratch{}
		if e.quick != nil {
			e.quick.spare = nil
		}
	}
	select {
	case t.idle <- e:
	default:
	}
}

// maxIdle is how many tokens an idle encoder keeps room for.
const maxIdle = 1 << 20

// An encoder is one encoding at a time, with the memory it needs.
type encoder struct {
	t       *Tokenizer
	text    string
	o       Options
	offsets bool
	ids     []int32
	tokens  []Token // instead of ids, with offsets
	known   cache   // words
	pieces  []subword.Piece
	scratch subword.Scratch
	steps   []func(aligned.Text) // one for each splitter, and the model as the last
	quick   *quick               // nil where it has nothing to do
}

func newEncoder(t *Tokenizer) *encoder {
	e := &encoder{t: t}
	e.steps = make([]func(aligned.Text), len(t.splitters)+1)
	e.steps[len(t.splitters)] = e.word
	for i := len(t.splitters) - 1; i >= 0; i-- {
		split, next := t.splitters[i], e.steps[i+1]
		e.steps[i] = func(piece aligned.Text) { split.split(piece, next) }
		if words, ok := split.(isolator); ok && i == len(t.splitters)-1 {
			e.steps[i] = func(piece aligned.Text) { e.words(words, piece) }
			e.quick = newQuick(t.model)
		}
	}
	return e
}

// run encodes a text without what the post-processor adds.
func (e *encoder) run(text string, o Options, offsets bool) {
	e.text, e.o, e.offsets = text, o, offsets
	e.ids, e.tokens = e.ids[:0], e.tokens[:0]
	in := aligned.FromBytes(text, offsets || e.t.asksPlace || len(o.Plain) > 0)
	e.t.added.split(in, e.t.added.plain, o, e.normalized, e.addedToken)
}

// normalized takes a part of the original text between added tokens.
func (e *encoder) normalized(t aligned.Text) {
	for _, n := range e.t.normalize {
		n(&t)
	}
	if t.S != "" {
		e.t.added.split(t, e.t.added.normalized, e.o, e.steps[0], e.addedToken)
	}
}

// addedToken takes an added token.
func (e *encoder) addedToken(t aligned.Text, id int32) {
	if !e.offsets {
		e.ids = append(e.ids, id)
		return
	}
	start, end := t.Offsets(0, len(t.S))
	e.token(Token{id, start, end}, t.S)
}

// words takes a text that words cuts for the model. Without offsets there is no need to keep more than strings.
func (e *encoder) words(words isolator, t aligned.Text) {
	if e.offsets {
		words.split(t, e.word)
		return
	}
	if e.quick != nil {
		if len(t.S) < 2*stretch || !words.pattern.OnlyForward() || !e.together(words.pattern, t.S, stretch) {
			e.ids, _ = e.quick.encode(e.ids, words.pattern, t.S, len(t.S))
		}
		return
	}
	words.bounds(t.S, func(start, end int) { e.wordIDs(t.S[start:end]) })
}

// word takes a piece that the model is to encode.
func (e *encoder) word(t aligned.Text) {
	if !e.offsets {
		e.wordIDs(t.S)
		return
	}
	from, at := 0, 0
	for _, p := range e.encode(t.S) {
		if p.Len != subword.Shared {
			from, at = at, at+int(p.Len)
		}
		start, end := t.Offsets(from, at)
		spelling := ""
		if p.ID == e.t.unspelled {
			spelling = t.S[from:at]
		}
		e.token(Token{p.ID, start, end}, spelling)
	}
}

func (e *encoder) wordIDs(word string) {
	for _, p := range e.encode(word) {
		e.ids = append(e.ids, p.ID)
	}
}

// encode gives the pieces of a word, up to the next call.
func (e *encoder) encode(word string) []subword.Piece {
	if pieces, ok := e.known.get(word); ok {
		return pieces
	}
	e.pieces = e.t.model.Encode(e.pieces[:0], word, &e.scratch)
	e.known.put(word, e.pieces)
	return e.pieces
}

// token adds a token with its offsets. spelling is what it stands for, "" what the vocabulary says.
func (e *encoder) token(token Token, spelling string) {
	for _, trim := range e.t.trim {
		if spelling == "" {
			spelling, _ = e.t.vocab.Token(token.ID)
		}
		token = trim.offsets(token, spelling, e.text, len(e.tokens) == 0)
	}
	e.tokens = append(e.tokens, token)
}

// EncodePair gives two texts as a model that reads pairs wants them.
func (t *Tokenizer) EncodePair(a, b string, o Options) Encoding {
	e := t.encoder()
	defer t.release(e)
	e.run(a, o, true)
	first := append([]Token(nil), e.tokens...)
	e.run(b, o, true)
	return t.template.pair.encoding(first, e.tokens, o.AddSpecial)
}

// EncodeBatch encodes texts on all processors. The result has the order of the texts.
func (t *Tokenizer) EncodeBatch(texts []string, o Options) [][]int32 {
	out := make([][]int32, len(texts))
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < len(texts); i = int(next.Add(1)) - 1 {
			out[i] = t.Encode(texts[i], o)
		}
	}
	var wait sync.WaitGroup
	for range t.hire(len(texts) - 1) {
		wait.Go(func() {
			work()
			t.helping.Add(-1)
		})
	}
	work()
	wait.Wait()
	return out
}
