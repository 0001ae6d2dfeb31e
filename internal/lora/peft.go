package lora

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
	"fettle/internal/safetensors"
)

// prefix is what PEFT puts before the module path of a causal language model.
const prefix = "base_model.model."

// Save writes the adapter as PEFT does, so that it belongs to the model's own weights: a PiSSA adapter, which trains on what
// is left of them, is written with twice the rank. base is the name of the model, never a path.
func (a *Adapter) Save(dir, base string) error {
	if err := a.Check(); err != nil {
		return err
	}
	if a.start != nil {
		converted, err := a.converted()
		if err != nil {
			return fmt.Errorf("save adapter: %w", err)
		}
		a = converted
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save adapter: %w", err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(a.config(base)); err != nil {
		return fmt.Errorf("save adapter: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "adapter_config.json"), b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("save adapter: %w", err)
	}
	var all []safetensors.Tensor
	for _, p := range a.params {
		values, err := tensors.CopyFlatData[float32](a.Weights[p.name])
		if err != nil {
			return fmt.Errorf("save adapter %s: %w", p.name, err)
		}
		all = append(all, safetensors.FromFloat32(fileName(p.name), safetensors.F32, values, p.shape...))
	}
	return safetensors.Write(filepath.Join(dir, "adapter_model.safetensors"), all, map[string]string{"format": "pt"})
}

// Load reads an adapter that PEFT or Save wrote, for a model. Every tensor of the file must belong to a target and every
// target must have its tensors.
func Load(dir string, m *model.Model) (*Adapter, error) {
	a, err := ReadConfig(dir, m)
	if err != nil {
		return nil, fmt.Errorf("load adapter %s: %w", dir, err)
	}
	if err := a.readWeights(filepath.Join(dir, "adapter_model.safetensors")); err != nil {
		return nil, fmt.Errorf("load adapter %s: %w", dir, err)
	}
	if err := a.Check(); err != nil {
		return nil, fmt.Errorf("load adapter %s: %w%s", dir, err, madeFor(dir))
	}
	return a, nil
}

func (a *Adapter) readWeights(path string) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	want := map[string]bool{}
	for _, p := range a.params {
		stored := fileName(p.name)
		want[stored] = true
		info, ok := f.Info(stored)
		if !ok {
			return fmt.Errorf("tensor %s is missing", stored)
		}
		values, err := f.Float32(stored)
		if err != nil {
			return err
		}
		a.Weights[p.name] = tensors.FromFlatDataAndDimensions(values, info.Shape...)
	}
	strange := slices.DeleteFunc(f.Names(), func(name string) bool { return want[name] })
	if strange, err = a.keepCopies(f, strange); err != nil {
		return err
	}
	if len(strange) > 0 {
		return fmt.Errorf("tensor %s belongs to no target of adapter_config.json", strange[0])
	}
	return nil
}

// madeFor says which base an adapter's config names, where one does not fit.
func madeFor(dir string) string {
	raw, err := os.ReadFile(filepath.Join(dir, "adapter_config.json"))
	var config struct {
		Base string `json:"base_model_name_or_path"`
	}
	if err != nil || json.Unmarshal(raw, &config) != nil || config.Base == "" {
		return ""
	}
	return fmt.Sprintf(": it was trained on another base (adapter_config.json names %s)", config.Base)
}
