package export

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"fettle/internal/model"
	"fettle/internal/safetensors"
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
	if err := g.speaks(dir); err != nil {
		return err
	}
	files, err := w.s.configs(w.d)
	if err != nil {
		return err
	}
	if err := w.s.checkFiles(dir, files); err != nil {
		return err
	}
	cast := func(name string) ([]byte, error) { return w.s.cast(name, w.d) }
	if err := g.holds(dir, w.s.Result, cast); err != nil {
		return err
	}
	return g.logits(func() (computed, error) {
		weights, err := w.s.weights(w.s.Result, func(name string) ([]float32, error) {
			data, err := cast(name)
			if err != nil {
				return nil, err
			}
			return safetensors.Decode(w.d, data)
		})
		return computed{w.s.Result, weights, nil}, err
	}, func() (computed, error) {
		m, err := model.Open(dir)
		if err != nil {
			return computed{}, unreadable(err)
		}
		weights, err := m.Load(dir)
		return computed{m, weights, nil}, err
	})
}

// checkFiles compares the files beside the weights, which are those given, the chat template's and the base's: a changed merge need not show in
// a few chats, nor a constant in their logits.
func (s *Source) checkFiles(dir string, files map[string][]byte) error {
	files, err := s.withTemplates(files)
	if err != nil {
		return err
	}
	names, err := s.sideFiles()
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, written := files[name]; written {
			continue
		}
		if files[name], err = os.ReadFile(filepath.Join(s.Dir, name)); err != nil {
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
