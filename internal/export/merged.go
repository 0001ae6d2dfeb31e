package export

import (
	"fmt"

	"fettle/internal/chat"
	"fettle/internal/model"
	"fettle/internal/safetensors"
	"fettle/internal/tokenizer"
)

// mergedWriter writes a model directory.
type mergedWriter struct {
	s     *Source
	d     safetensors.DType
	shard int64
}

func (w *mergedWriter) write(dir string) ([]string, error) {
	return nil, w.s.writeCheckpoint(dir, w.d, w.shard)
}

func (w *mergedWriter) check(dir string, g *gate) error {
	back, err := readSpeaker(dir, g)
	if err != nil {
		return Refused{fmt.Sprintf("the written directory cannot be read: %v", err)}
	}
	if err := g.ids(back); err != nil {
		return err
	}
	f, err := safetensors.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, p := range w.s.Result.Parameters() {
		want, err := w.s.cast(p.Name, w.d)
		if err != nil {
			return err
		}
		got, err := f.Bytes(p.Name)
		if err != nil {
			return Refused{err.Error()}
		}
		if err := g.bytes(p.Name, want, got); err != nil {
			return err
		}
	}
	return g.logits(func() (computed, error) {
		weights, err := w.s.weights(w.s.Result, func(name string) ([]float32, error) {
			data, err := w.s.cast(name, w.d)
			if err != nil {
				return nil, err
			}
			return safetensors.Decode(w.d, data)
		})
		return computed{w.s.Result, weights, nil}, err
	}, func() (computed, error) {
		m, err := model.Open(dir)
		if err != nil {
			return computed{}, Refused{fmt.Sprintf("the written directory cannot be read: %v", err)}
		}
		weights, err := m.Load(dir)
		return computed{m, weights, nil}, err
	})
}

// readSpeaker reads what a written directory has of what the base has.
func readSpeaker(dir string, g *gate) (sp speaker, err error) {
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
