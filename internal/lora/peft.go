package lora

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
	"fettle/internal/safetensors"
)

// prefix is what PEFT puts before the module path of a causal language model.
const prefix = "base_model.model."

// peftConfig is the smallest adapter_config.json that PEFT reads: older versions refuse keys they do not know.
type peftConfig struct {
	BaseModel     string   `json:"base_model_name_or_path"`
	Bias          string   `json:"bias"`
	FanInFanOut   bool     `json:"fan_in_fan_out"`
	InferenceMode bool     `json:"inference_mode"`
	Init          bool     `json:"init_lora_weights"`
	Alpha         float64  `json:"lora_alpha"`
	Dropout       float64  `json:"lora_dropout"`
	Save          []string `json:"modules_to_save"`
	Type          string   `json:"peft_type"`
	Rank          int      `json:"r"`
	Targets       []string `json:"target_modules"`
	Task          string   `json:"task_type"`
	RsLoRA        bool     `json:"use_rslora"`
}

// Save writes the adapter as PEFT does. base is the name of the model it belongs to, never a path.
func (a *Adapter) Save(dir, base string) error {
	if err := a.Check(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save adapter: %w", err)
	}
	c := peftConfig{BaseModel: base, Bias: "none", InferenceMode: true, Init: true, Alpha: a.Config.Alpha, Dropout: a.Config.Dropout,
		Type: "LORA", Rank: a.Config.Rank, Targets: a.targets(), Task: "CAUSAL_LM", RsLoRA: a.Config.RsLoRA}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(c); err != nil {
		return fmt.Errorf("save adapter: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "adapter_config.json"), b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("save adapter: %w", err)
	}
	var all []safetensors.Tensor
	for _, name := range a.Names() {
		t := a.Weights[name]
		values, err := tensors.CopyFlatData[float32](t)
		if err != nil {
			return fmt.Errorf("save adapter %s: %w", name, err)
		}
		all = append(all, safetensors.FromFloat32(prefix+name, safetensors.F32, values, t.Shape().Dimensions...))
	}
	return safetensors.Write(filepath.Join(dir, "adapter_model.safetensors"), all, map[string]string{"format": "pt"})
}

// targets are the last parts of the modules' paths, sorted, as PEFT names them.
func (a *Adapter) targets() []string {
	names := map[string]bool{}
	for _, m := range a.Modules {
		names[m.Name[strings.LastIndex(m.Name, ".")+1:]] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// readable are the keys of adapter_config.json that are understood; unsupported holds, for further keys, the value that
// means "not used". Anything else is refused: an ignored setting would give other logits in silence.
var unsupported = map[string]string{
	"alora_invocation_tokens": "null", "alpha_pattern": "{}", "arrow_config": "null", "corda_config": "null", "eva_config": "null",
	"exclude_modules": "null", "kasa_config": "null", "layer_replication": "null", "layers_pattern": "null", "layers_to_transform": "null",
	"loftq_config": "{}", "lora_bias": "false", "lora_ga_config": "null", "modules_to_save": "null", "monteclora_config": "null",
	"rank_pattern": "{}", "target_parameters": "null", "trainable_token_indices": "null", "use_bdlora": "null", "use_dora": "false",
	"use_qalora": "false", "velora_config": "null", "fan_in_fan_out": "false", "bias": `"none"`,
}

// Load reads an adapter that PEFT or Save wrote, for a model. Every tensor of the file must belong to a target and every
// target must have its tensors.
func Load(dir string, m *model.Model) (*Adapter, error) {
	a, err := readConfig(dir, m)
	if err != nil {
		return nil, fmt.Errorf("load adapter %s: %w", dir, err)
	}
	f, err := safetensors.Open(filepath.Join(dir, "adapter_model.safetensors"))
	if err != nil {
		return nil, fmt.Errorf("load adapter: %w", err)
	}
	defer f.Close()
	want := map[string]bool{}
	for _, name := range a.Names() {
		want[prefix+name] = true
		info, ok := f.Info(prefix + name)
		if !ok {
			return nil, fmt.Errorf("load adapter %s: tensor %s is missing", dir, prefix+name)
		}
		values, err := f.Float32(prefix + name)
		if err != nil {
			return nil, fmt.Errorf("load adapter %s: %w", dir, err)
		}
		a.Weights[name] = tensors.FromFlatDataAndDimensions(values, info.Shape...)
	}
	for _, name := range f.Names() {
		if !want[name] {
			return nil, fmt.Errorf("load adapter %s: tensor %s belongs to no target of adapter_config.json", dir, name)
		}
	}
	if err := a.Check(); err != nil {
		return nil, fmt.Errorf("load adapter %s: %w", dir, err)
	}
	return a, nil
}

func readConfig(dir string, m *model.Model) (*Adapter, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "adapter_config.json"))
	if err != nil {
		return nil, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if unused, ok := unsupported[key]; ok && !equalJSON(keys[key], unused) && string(keys[key]) != "null" {
			return nil, fmt.Errorf("adapter_config.json: %s is %s: only %s is supported", key, keys[key], unused)
		}
	}
	var c struct {
		Type    string          `json:"peft_type"`
		Rank    int             `json:"r"`
		Alpha   float64         `json:"lora_alpha"`
		Dropout float64         `json:"lora_dropout"`
		RsLoRA  bool            `json:"use_rslora"`
		Targets json.RawMessage `json:"target_modules"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	if c.Type != "LORA" {
		return nil, fmt.Errorf("adapter_config.json: peft_type %q: only LORA is supported", c.Type)
	}
	if c.Rank < 1 {
		return nil, fmt.Errorf("adapter_config.json: r is %d: want 1 or more", c.Rank)
	}
	a := &Adapter{Config: Config{Rank: c.Rank, Alpha: c.Alpha, Dropout: c.Dropout, RsLoRA: c.RsLoRA}, Weights: model.Weights{}}
	return a, a.target(m, c.Targets)
}

// target reads target_modules: a list of names, or one regular expression.
func (a *Adapter) target(m *model.Model, raw json.RawMessage) (err error) {
	if json.Unmarshal(raw, &a.Config.Targets) == nil {
		a.Modules, err = a.Config.Match(m)
		return err
	}
	var pattern string
	if err := json.Unmarshal(raw, &pattern); err != nil {
		return fmt.Errorf("adapter_config.json: target_modules: want a list of names or a regular expression")
	}
	if pattern == AllLinear {
		a.Config.Targets = []string{AllLinear}
		a.Modules, err = a.Config.Match(m)
		return err
	}
	for _, l := range m.Linears() {
		ok, err := matchesPattern(pattern, l.Module)
		if err != nil {
			return err
		}
		if ok {
			a.Config.Targets = append(a.Config.Targets, l.Module)
			a.Modules = append(a.Modules, Module{Name: l.Module, In: l.In, Out: l.Out, Rank: a.Config.Rank, Scale: a.Config.Scale()})
		}
	}
	if len(a.Modules) == 0 {
		return fmt.Errorf("adapter_config.json: target_modules %q matches no projection of the model", pattern)
	}
	return nil
}

func equalJSON(a json.RawMessage, b string) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, []byte(b)) == nil && x.String() == y.String()
}
