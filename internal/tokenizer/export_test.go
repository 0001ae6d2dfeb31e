package tokenizer

// EncodeGeneral encodes the general way, without quick.
func (t *Tokenizer) EncodeGeneral(text string, o Options) []int32 {
	e := newEncoder(t)
	e.quick = nil
	e.run(text, o, false)
	return t.template.single.ids(e.ids, nil, o.AddSpecial)
}

// HasQuick says whether texts are encoded by quick.
func (t *Tokenizer) HasQuick() bool { return newEncoder(t).quick != nil }

// EncodeStretches encodes a text without special tokens in stretches of some bytes; ok says whether it can be.
func (t *Tokenizer) EncodeStretches(text string, size int) (ids []int32, ok bool) {
	e := newEncoder(t)
	words, ok := t.splitters[len(t.splitters)-1].(isolator)
	if !ok || len(t.splitters) > 1 || !words.pattern.OnlyForward() {
		return nil, false
	}
	ok = e.together(words.pattern, text, size)
	return e.ids, ok
}
