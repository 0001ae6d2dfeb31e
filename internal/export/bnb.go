package export

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"fettle/internal/model"
	"fettle/internal/quant"
)

// bnbWriter writes the base in the 4 bits of bitsandbytes, as an adapter was trained on it: matrices that the recipe leaves
// alone stay plain and are named in llm_int8_skip_modules.
type bnbWriter struct {
	s      *Source
	recipe quant.Recipe
}

// load quantises the base, or takes it as it is stored.
func (w *bnbWriter) load() (*quant.Set, model.Weights, error) {
	set := &quant.Set{}
	weights, err := w.s.Model.LoadWith(w.recipe.Loader(set, nil), w.s.Dir)
	return set, weights, err
}

func (w *bnbWriter) write(dir string) ([]string, error) {
	set, weights, err := w.load()
	if err != nil {
		return nil, err
	}
	if err := set.Save(filepath.Join(dir, "model.safetensors"), w.s.Model, weights, w.s.DType); err != nil {
		return nil, err
	}
	files, err := w.configs(set)
	if err != nil {
		return nil, err
	}
	notes := []string{fmt.Sprintf("%d matrices in 4 bits, %d as they were", set.Len(), len(w.skipped(set)))}
	if w.recipe.Load == "nf4" {
		notes = append(notes, "an adapter trained on this base is exported by -format peft and loaded on top")
	}
	return notes, w.s.writeSides(dir, files)
}

// configs are the configurations of the result: the base's, with what is in 4 bits.
func (w *bnbWriter) configs(set *quant.Set) (map[string][]byte, error) {
	files, err := w.s.configs(w.s.DType)
	if err != nil {
		return nil, err
	}
	var config map[string]any
	if config, err = object(files["config.json"]); err != nil {
		return nil, err
	}
	config["quantization_config"] = w.config(w.skipped(set))
	files["config.json"], err = indented(config)
	return files, err
}

// skipped are the modules of linear layers that stay plain.
func (w *bnbWriter) skipped(set *quant.Set) (names []string) {
	if w.s.Model.Config.Tied {
		names = append(names, "lm_head") // has no parameter of its own
	}
	for _, p := range w.s.Model.Parameters() {
		if p.Linear() && set.Spec(p.Name) == nil {
			names = append(names, strings.TrimSuffix(p.Name, ".weight"))
		}
	}
	return names
}

// config is transformers' BitsAndBytesConfig.
func (w *bnbWriter) config(skipped []string) map[string]any {
	return map[string]any{"quant_method": "bitsandbytes", "load_in_4bit": true, "load_in_8bit": false, "_load_in_4bit": true, "_load_in_8bit": false,
		"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": w.recipe.Double, "bnb_4bit_quant_storage": "uint8", "bnb_4bit_compute_dtype": configDTypes[w.s.DType],
		"llm_int8_skip_modules": skipped, "llm_int8_threshold": json.RawMessage("6.0"), "llm_int8_enable_fp32_cpu_offload": false, "llm_int8_has_fp16_weight": false}
}

// dense are the weights of what load gives, dequantised.
func (w *bnbWriter) dense(m *model.Model, set *quant.Set, weights model.Weights) (computed, error) {
	dense, err := set.Dense(m, weights)
	return computed{m, dense, nil}, err
}

func (w *bnbWriter) check(dir string, g *gate) error {
	if err := g.speaks(dir); err != nil {
		return err
	}
	set, weights, err := w.load()
	if err != nil {
		return err
	}
	files, err := w.configs(set)
	if err != nil {
		return err
	}
	if err := w.s.checkFiles(dir, files); err != nil {
		return err
	}
	if err := g.holds(dir, w.s.Model, func(name string) ([]byte, error) { return w.bytes(set, weights, name) }); err != nil {
		return err
	}
	return g.logits(func() (computed, error) { return w.dense(w.s.Model, set, weights) }, func() (computed, error) {
		m, err := model.Open(dir)
		if err != nil {
			return computed{}, unreadable(err)
		}
		read := &quant.Set{}
		weights, err := m.LoadWith(quant.Plain().Loader(read, nil), dir)
		if err != nil {
			return computed{}, unreadable(err)
		}
		return w.dense(m, read, weights)
	})
}

// bytes are what the file must hold for a parameter.
func (w *bnbWriter) bytes(set *quant.Set, weights model.Weights, name string) ([]byte, error) {
	if set.Spec(name) == nil {
		return w.s.cast(name, w.s.DType)
	}
	m, err := set.Matrix(weights, name)
	return m.Packed, err
}
