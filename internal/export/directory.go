package export

import (
	"fettle/internal/chat"
	"fettle/internal/model"
	"fettle/internal/safetensors"
	"fettle/internal/tokenizer"
)

// speaks checks that a written directory turns chats and texts into the base's ids.
func (g *gate) speaks(dir string) error {
	back, err := g.readSpeaker(dir)
	if err != nil {
		return unreadable(err)
	}
	return g.ids(back)
}

// readSpeaker reads what a written directory has of what the base has.
func (g *gate) readSpeaker(dir string) (sp speaker, err error) {
	if g.speaker.tokens != nil {
		if sp.tokens, err = tokenizer.Load(dir); err != nil {
			return sp, err
		}
	}
	if g.speaker.template != nil {
		sp.template, err = chat.Load(dir)
	}
	return sp, err
}

// holds checks the bytes of every parameter in a written directory.
func (g *gate) holds(dir string, m *model.Model, want func(name string) ([]byte, error)) error {
	f, err := safetensors.Open(dir)
	if err != nil {
		return unreadable(err)
	}
	defer f.Close()
	for _, p := range m.Parameters() {
		raw, err := want(p.Name)
		if err != nil {
			return err
		}
		got, err := f.Bytes(p.Name)
		if err != nil {
			return Refused{err.Error()}
		}
		if err := g.bytes(p.Name, raw, got); err != nil {
			return err
		}
	}
	return nil
}
