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
