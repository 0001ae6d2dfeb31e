package model

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/safetensors"
)

// Save writes a complete Hugging Face model directory but for the tokenizer: config.json (the one that was read, with the
// new dtype), generation_config.json where there was one, and model.safetensors. dtype is bf16, f16 or f32.
func (m *Model) Save(dir string, w Weights, dtype string) error {
	d, err := safetensors.ParseDType(dtype)
	if err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	if err := m.SaveWeights(filepath.Join(dir, "model.safetensors"), w, d); err != nil {
		return err
	}
	return m.Config.save(dir, d)
}

// SaveWeights writes the parameters to one safetensors file, one in memory at a time.
func (m *Model) SaveWeights(path string, w Weights, d safetensors.DType) error {
	var all []safetensors.Tensor
	for _, p := range m.Parameters() {
		t := w[p.Name]
		if t == nil {
			return fmt.Errorf("save weights %s: tensor %s is missing", path, p.Name)
		}
		all = append(all, safetensors.Tensor{
			Info: safetensors.Info{Name: p.Name, DType: d, Shape: p.Shape},
			Data: func() ([]byte, error) { return encode(t, d) },
		})
	}
	return safetensors.Write(path, all, map[string]string{"format": "pt"})
}

func encode(t *tensors.Tensor, d safetensors.DType) (data []byte, err error) {
	errFlat := tensors.ConstFlatData(t, func(flat []float32) { data, err = safetensors.Encode(d, flat) })
	if errFlat != nil {
		return nil, errFlat
	}
	return data, err
}

var dtypeNames = map[safetensors.DType]string{safetensors.F32: "float32", safetensors.BF16: "bfloat16", safetensors.F16: "float16"}

// save writes the config as it was read, under the dtype of the weights beside it.
func (c *Config) save(dir string, d safetensors.DType) error {
	raw := map[string]json.RawMessage{}
	for k, v := range c.raw {
		if k != "quantization_config" { // what is saved is never quantised
			raw[k] = v
		}
	}
	key := "torch_dtype"
	if _, v5 := raw["dtype"]; v5 {
		key = "dtype"
	}
	name := dtypeNames[d]
	if name == "" {
		return fmt.Errorf("save model: dtype %s: want bf16, f16 or f32", d)
	}
	raw[key] = json.RawMessage(`"` + name + `"`)
	if err := writeJSON(filepath.Join(dir, "config.json"), raw); err != nil {
		return err
	}
	if c.generation == nil {
		return nil
	}
	return writeJSON(filepath.Join(dir, "generation_config.json"), c.generation)
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	return nil
}
