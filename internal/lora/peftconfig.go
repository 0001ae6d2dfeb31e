package lora

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/lfs"
	"fettle/internal/model"
)

// peftConfig is the smallest adapter_config.json that PEFT reads: older versions refuse keys they do not know, so what is
// not used is left out where they have a default.
type peftConfig struct {
	BaseModel     string   `json:"base_model_name_or_path"`
	Bias          string   `json:"bias"`
	FanInFanOut   bool     `json:"fan_in_fan_out"`
	InferenceMode bool     `json:"inference_mode"`
	Init          bool     `json:"init_lora_weights"`
	Alpha         float64  `json:"lora_alpha"`
	AlphaPattern  patterns `json:"alpha_pattern,omitempty"`
	LoRABias      bool     `json:"lora_bias,omitempty"`
	Dropout       float64  `json:"lora_dropout"`
	Save          []string `json:"modules_to_save"`
	Type          string   `json:"peft_type"`
	Rank          int      `json:"r"`
	RankPattern   patterns `json:"rank_pattern,omitempty"`
	Targets       []string `json:"target_modules"`
	Task          string   `json:"task_type"`
	DoRA          bool     `json:"use_dora,omitempty"`
	RsLoRA        bool     `json:"use_rslora"`
}

// patterns are a JSON object whose order counts.
type patterns []Pattern

// MarshalJSON writes the object in order.
func (p patterns) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, one := range p {
		key, err := json.Marshal(one.Match)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(one.Value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads it in order.
func (p *patterns) UnmarshalJSON(data []byte) error {
	*p = nil
	if string(data) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("want an object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		one := Pattern{Match: key.(string)}
		if err := d.Decode(&one.Value); err != nil {
			return fmt.Errorf("%s: %w", one.Match, err)
		}
		*p = append(*p, one)
	}
	return nil
}

// config is what Save writes.
func (a *Adapter) config(base string) peftConfig {
	c := a.Config
	bias := c.Bias
	if bias == "" {
		bias = "none"
	}
	if len(c.Save) == 0 {
		c.Save = nil // a list that is written as empty is the same setting as one left out, and gives the same bytes
	}
	return peftConfig{BaseModel: base, Bias: bias, InferenceMode: true, Init: true, Alpha: c.Alpha, AlphaPattern: c.AlphaPattern,
		LoRABias: c.LoRABias, Dropout: c.Dropout, Save: c.Save, Type: "LORA", Rank: c.Rank, RankPattern: c.RankPattern,
		Targets: a.targets(), Task: "CAUSAL_LM", DoRA: c.DoRA, RsLoRA: c.RsLoRA}
}

// targets are names that mean exactly the adapter's modules: the last parts of their paths where these mean no others, else
// whole paths; sorted, as PEFT keeps a set.
func (a *Adapter) targets() []string {
	names := map[string]bool{}
	for _, m := range a.Modules {
		names[last(m.Name)] = true
	}
	for _, module := range a.all {
		if _, mine := a.byName[module]; !mine && names[last(module)] && !a.Config.saves(module) {
			return slices.Sorted(maps.Keys(a.byName))
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// unused holds, for keys that are not supported, the values that mean "not used". Others are refused: an ignored setting
// would give other logits in silence.
var unused = map[string][]string{
	"alora_invocation_tokens": nil, "arrow_config": nil, "corda_config": nil, "eva_config": nil, "kasa_config": nil, "layer_replication": nil,
	"layers_pattern": {`"layers"`, "[]", `["layers"]`}, "loftq_config": {"{}"}, "lora_ga_config": nil, "monteclora_config": nil,
	"target_parameters": {"[]"}, "trainable_token_indices": nil, "use_bdlora": {"false"}, "use_qalora": {"false"}, "velora_config": nil,
	"fan_in_fan_out": {"false"},
}

// safeInits are the ways to start that leave the model's weights alone.
var safeInits = []string{"true", "false", `"gaussian"`, `"orthogonal"`, `"eva"`}

// ReadConfig reads what Load does but for the weights.
func ReadConfig(dir string, m *model.Model) (*Adapter, error) {
	raw, err := lfs.ReadFile(filepath.Join(dir, "adapter_config.json"))
	if err != nil {
		return nil, err
	}
	a, err := parseConfig(raw, m)
	if err != nil {
		return nil, fmt.Errorf("adapter_config.json: %w", err)
	}
	return a, nil
}

func parseConfig(raw []byte, m *model.Model) (*Adapter, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		values, known := unused[key]
		if known && string(keys[key]) != "null" && !slices.Contains(values, compact(keys[key])) {
			return nil, fmt.Errorf("%s is %s: this is not supported", key, keys[key])
		}
	}
	if init, ok := keys["init_lora_weights"]; ok && !slices.Contains(safeInits, compact(init)) {
		return nil, fmt.Errorf("init_lora_weights is %s: such an adapter belongs to changed weights of the base; save it with path_initial_model_for_weight_conversion", init)
	}
	var p struct {
		peftConfig
		Init    json.RawMessage `json:"init_lora_weights"`
		Targets json.RawMessage `json:"target_modules"`
		Exclude json.RawMessage `json:"exclude_modules"`
		Layers  json.RawMessage `json:"layers_to_transform"`
		Tying   bool            `json:"ensure_weight_tying"`
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	switch {
	case p.Type != "LORA":
		return nil, fmt.Errorf("peft_type %q: only LORA is supported", p.Type)
	case p.Rank < 1:
		return nil, fmt.Errorf("r is %d: want 1 or more", p.Rank)
	case p.Bias != "" && p.Bias != "none" && p.Bias != LoRAOnly && p.Bias != All:
		return nil, fmt.Errorf("bias is %q: want none, lora_only or all", p.Bias)
	}
	c := Config{Rank: p.Rank, Alpha: p.Alpha, Dropout: p.Dropout, RsLoRA: p.RsLoRA, DoRA: p.DoRA, RankPattern: p.RankPattern,
		AlphaPattern: p.AlphaPattern, Bias: p.Bias, LoRABias: p.LoRABias, Save: p.Save}
	var err error
	if c.Targets, err = moduleList(p.Targets); err != nil {
		return nil, fmt.Errorf("target_modules: %w", err)
	}
	if c.Exclude, err = moduleList(p.Exclude); err != nil {
		return nil, fmt.Errorf("exclude_modules: %w", err)
	}
	if c.Layers, err = layerList(p.Layers); err != nil {
		return nil, fmt.Errorf("layers_to_transform: %w", err)
	}
	modules, _, err := c.match(m)
	if err != nil {
		return nil, err
	}
	a := newAdapter(m, c, modules)
	if len(modules) == 0 {
		return nil, fmt.Errorf("target_modules %s matches no module of the model: it has %s", p.Targets, kinds(m))
	}
	if p.Tying && m.Config.Tied && a.touchesTied() {
		return nil, errors.New("ensure_weight_tying is true: an adapter on both uses of a tied embedding is not supported")
	}
	return a, nil
}

// moduleList reads a list of names, or one regular expression over whole paths.
func moduleList(raw json.RawMessage) ([]string, error) {
	var list []string
	if len(raw) == 0 || json.Unmarshal(raw, &list) == nil {
		return list, nil
	}
	var pattern string
	if err := json.Unmarshal(raw, &pattern); err != nil {
		return nil, errors.New("want a list of names or a regular expression")
	}
	if strings.EqualFold(pattern, AllLinear) {
		return []string{AllLinear}, nil
	}
	return []string{"/" + pattern + "/"}, nil
}

// layerList reads one number or several.
func layerList(raw json.RawMessage) ([]int, error) {
	var list []int
	if len(raw) == 0 || json.Unmarshal(raw, &list) == nil {
		return list, nil
	}
	var one int
	if err := json.Unmarshal(raw, &one); err != nil {
		return nil, errors.New("want a number or a list of numbers")
	}
	return []int{one}, nil
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}
