package export

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/disk"
	"fettle/internal/gguf"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/safetensors"
)

// peftWriter copies an adapter as PEFT loads it, with the tokenizer and the template that it was trained with beside it, as trainers
// save it: whoever loads them from there speaks as in training.
type peftWriter struct{ s *Source }

func (w *peftWriter) write(dir string) ([]string, error) {
	for _, name := range []string{"adapter_config.json", "adapter_model.safetensors"} {
		if err := disk.Copy(filepath.Join(dir, name), filepath.Join(w.s.adapterDir, name)); err != nil {
			return nil, err
		}
	}
	return nil, w.s.writeSides(dir, nil)
}

func (w *peftWriter) check(dir string, g *gate) error {
	if err := g.speaks(dir); err != nil {
		return err
	}
	if err := w.s.checkFiles(dir, nil); err != nil {
		return err
	}
	want, err := safetensors.Open(w.s.adapterDir)
	if err != nil {
		return err
	}
	defer want.Close()
	got, err := safetensors.Open(dir)
	if err != nil {
		return unreadable(err)
	}
	defer got.Close()
	if err := w.sameConfig(dir); err != nil {
		return err
	}
	for _, name := range want.Names() {
		a, err := want.Bytes(name)
		if err != nil {
			return err
		}
		b, err := got.Bytes(name)
		if err != nil {
			return Refused{err.Error()}
		}
		if err := g.bytes(name, a, b); err != nil {
			return err
		}
	}
	return w.s.adapterLogits(g, w.s.Adapter, func() (*lora.Adapter, error) { return lora.Load(dir, w.s.Model) })
}

func (w *peftWriter) sameConfig(dir string) error {
	const name = "adapter_config.json"
	want, err := os.ReadFile(filepath.Join(w.s.adapterDir, name))
	if err != nil {
		return err
	}
	got, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return unreadable(err)
	}
	if !bytes.Equal(want, got) {
		return Refused{name + " read back differs from what was written"}
	}
	return nil
}

// adapterLogits computes with the base and an adapter beside it.
func (s *Source) adapterLogits(g *gate, meant *lora.Adapter, back func() (*lora.Adapter, error)) error {
	with := func(load func() (*lora.Adapter, error)) func() (computed, error) {
		return func() (computed, error) {
			a, err := load()
			if err != nil {
				return computed{}, err
			}
			w, err := s.weights(s.Model, s.plain)
			return computed{s.Model, w, a}, err
		}
	}
	return g.logits(with(func() (*lora.Adapter, error) { return meant, nil }), with(back))
}

// ggufAdapterWriter writes an adapter for llama.cpp.
type ggufAdapterWriter struct {
	s    *Source
	t    gguf.Type
	meta []gguf.KV
}

func (w *ggufAdapterWriter) file() string {
	return fmt.Sprintf("%s-lora-%s.gguf", fileName(w.s.Name), w.t)
}

func (w *ggufAdapterWriter) write(dir string) ([]string, error) {
	path := filepath.Join(dir, w.file())
	var err error
	if w.meta, err = gguf.WriteAdapter(path, w.s.Name, w.s.Model, w.s.Adapter, w.t); err != nil {
		return nil, err
	}
	var notes []string
	if w.s.Adapter.Config.RsLoRA {
		notes = append(notes, "rsLoRA scales by alpha/sqrt(rank), llama.cpp by alpha/rank: the file's alpha is alpha·sqrt(rank)")
	}
	return notes, nil
}

func (w *ggufAdapterWriter) check(dir string, g *gate) error {
	if err := g.ids(g.speaker); err != nil {
		return err
	}
	f, err := gguf.Open(filepath.Join(dir, w.file()))
	if err != nil {
		return Refused{err.Error()}
	}
	defer f.Close()
	if !reflect.DeepEqual(w.meta, f.Meta) {
		return Refused{"metadata read back differ from what was written"}
	}
	all, _, err := gguf.AdapterTensors(w.s.Model, w.s.Adapter, w.t)
	if err != nil {
		return err
	}
	for _, t := range all {
		want, err := t.Data()
		if err != nil {
			return err
		}
		got, err := f.Bytes(t.Name)
		if err != nil {
			return Refused{err.Error()}
		}
		if err := g.bytes(t.Name, want, got); err != nil {
			return err
		}
	}
	meant, err := w.rounded()
	if err != nil {
		return err
	}
	return w.s.adapterLogits(g, meant, func() (*lora.Adapter, error) { return f.Adapter(w.s.Model, w.s.Adapter) })
}

// rounded is the adapter with its values through the codec.
func (w *ggufAdapterWriter) rounded() (*lora.Adapter, error) {
	out := *w.s.Adapter
	out.Weights = model.Weights{}
	for name, t := range w.s.Adapter.Weights {
		values, err := tensors.CopyFlatData[float32](t)
		if err != nil {
			return nil, err
		}
		data, err := gguf.Encode(w.t, values)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if values, err = gguf.Decode(w.t, data); err != nil {
			return nil, err
		}
		out.Weights[name] = tensors.FromFlatDataAndDimensions(values, t.Shape().Dimensions...)
	}
	return &out, nil
}
