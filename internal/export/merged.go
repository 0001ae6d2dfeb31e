package export

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

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
	if err := w.checkFiles(dir); err != nil {
		return err
	}
	f, err := safetensors.Open(dir)
	if err != nil {
		return unreadable(err)
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

// checkFiles compares the files beside the weights: a changed merge need not show in a few chats, nor a constant in their logits.
func (w *mergedWriter) checkFiles(dir string) error {
	files, err := w.s.configs(w.d)
	if err != nil {
		return err
	}
	names, err := w.s.sideFiles()
	if err != nil {
		return err
	}
	for _, name := range names {
		if files[name], err = os.ReadFile(filepath.Join(w.s.Dir, name)); err != nil {
			return err
		}
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return unreadable(err)
		}
		if !bytes.Equal(want, got) {
			return Refused{fmt.Sprintf("%s read back differs from what was written", name)}
		}
	}
	return nil
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
