package lora

import (
	"fmt"
	"math"

	"fettle/internal/model"
)

// Config says which modules get an adapter, and of what kind. Names in brackets are PEFT's.
type Config struct {
	Rank         int       `json:"rank" check:"min=1" jsonschema:"inner size of the adapter (PEFT: r)"`
	Alpha        float64   `json:"alpha" check:"min=0" jsonschema:"the adapter counts alpha/rank (PEFT: lora_alpha)"`
	Dropout      float64   `json:"dropout" check:"min=0,max=0.95" jsonschema:"share of the adapter's inputs set to zero in training"`
	Targets      []string  `json:"targets" check:"minlen=1" jsonschema:"modules by name (q_proj, embed_tokens, lm_head), by the end of their path, by a regular expression over the whole path between slashes, or all-linear"`
	Exclude      []string  `json:"exclude" jsonschema:"modules that the targets do not mean, written as they are (PEFT: exclude_modules)"`
	Layers       []int     `json:"layers" jsonschema:"only these layers, counted from 0; none = all (PEFT: layers_to_transform)"`
	RsLoRA       bool      `json:"rslora" jsonschema:"scale by alpha/sqrt(rank) (arXiv:2312.03732)"`
	DoRA         bool      `json:"dora" jsonschema:"train the length of each row of the weight apart from its direction (arXiv:2402.09353)"`
	Init         string    `json:"init" check:"oneof=kaiming|gaussian|pissa" jsonschema:"how the adapter starts: kaiming or gaussian change nothing yet; pissa takes the weight's principal part (arXiv:2404.02948)"`
	RankPattern  []Pattern `json:"rank_pattern" jsonschema:"modules of another rank; the first that matches counts"`
	AlphaPattern []Pattern `json:"alpha_pattern" jsonschema:"modules of another alpha; the first that matches counts"`
	Bias         string    `json:"bias" check:"oneof=none|lora_only|all" jsonschema:"biases of the model that train too: none, those of the targets, or all"`
	LoRABias     bool      `json:"lora_bias" jsonschema:"a bias on the adapter's B"`
	Save         []string  `json:"modules_to_save" jsonschema:"modules trained as a whole and saved with the adapter (lm_head, embed_tokens)"`
	PlusRatio    float64   `json:"loraplus_lr_ratio" check:"min=0" jsonschema:"LoRA+: B and biases learn so many times faster (arXiv:2402.12354); 0 = as fast as the rest"`
	PlusEmbed    float64   `json:"loraplus_lr_embedding" check:"min=0" jsonschema:"LoRA+: learning rate of adapters on embeddings; 0 = 1e-6"`
}

// Defaults are the settings of a plain LoRA on all projections.
func Defaults() Config {
	return Config{Rank: 16, Alpha: 32, Targets: []string{AllLinear}, Init: Kaiming, Bias: "none"}
}

// Pattern gives a value to modules: Match is a name, an end of a path or a regular expression for one, as in PEFT.
type Pattern struct {
	Match string  `json:"match" check:"required" jsonschema:"name, end of the path, or a regular expression for either"`
	Value float64 `json:"value" check:"min=0" jsonschema:"what the modules get"`
}

// AllLinear stands for every projection but the output head.
const AllLinear = "all-linear"

// Ways to start (no name: Kaiming), and biases that train.
const (
	Kaiming  = "kaiming"
	Gaussian = "gaussian"
	PiSSA    = "pissa"
	LoRAOnly = "lora_only"
	All      = "all"
)

// Check holds the rules over several settings.
func (c Config) Check(fault func(field, want string)) {
	if c.LoRABias && c.DoRA {
		fault("lora_bias", "false: DoRA has none")
	}
	for i, p := range c.RankPattern {
		if p.Value < 1 || p.Value != math.Trunc(p.Value) {
			fault(fmt.Sprintf("rank_pattern[%d].value", i), "a whole number from 1")
		}
	}
	for name, patterns := range map[string][]Pattern{"rank_pattern": c.RankPattern, "alpha_pattern": c.AlphaPattern} {
		for i, p := range patterns {
			if _, err := patternRegexp(p.Match); err != nil {
				fault(fmt.Sprintf("%s[%d].match", name, i), "a name or a regular expression: "+err.Error())
			}
		}
	}
	for name, list := range map[string][]string{"targets": c.Targets, "exclude": c.Exclude} {
		for i, t := range list {
			if _, err := newTarget(t); err != nil {
				fault(fmt.Sprintf("%s[%d]", name, i), err.Error())
			}
		}
	}
}

// scale is the factor on B A x of a module: by its own rank and alpha.
func (c Config) scale(rank int, alpha float64) float64 {
	if c.RsLoRA {
		return alpha / math.Sqrt(float64(rank))
	}
	return alpha / float64(rank)
}

// Module is a layer that gets an adapter.
type Module struct {
	Name      string // "model.layers.0.self_attn.q_proj"
	In, Out   int    // of an embedding: vocabulary and width
	Rank      int
	Scale     float64
	Bias      bool // the layer itself has one
	Embedding bool
}

// size gives a module its rank and scale.
func (c Config) size(m Module) (Module, error) {
	rank, _, err := first(c.RankPattern, m.Name, float64(c.Rank))
	if err != nil {
		return m, err
	}
	alpha, _, err := first(c.AlphaPattern, m.Name, c.Alpha)
	if err != nil {
		return m, err
	}
	m.Rank = int(rank)
	if m.Rank < 1 {
		return m, fmt.Errorf("lora: module %s has rank %d", m.Name, m.Rank)
	}
	m.Scale = c.scale(m.Rank, alpha)
	return m, nil
}

func first(patterns []Pattern, module string, value float64) (float64, bool, error) {
	for _, p := range patterns {
		re, err := patternRegexp(p.Match)
		if err != nil {
			return 0, false, err
		}
		if re.MatchString(module) {
			return p.Value, true, nil
		}
	}
	return value, false, nil
}

// Match lists the modules of a model that the targets name, in the order they run. A target that matches none is an error:
// it would train less than was asked for.
func (c Config) Match(m *model.Model) ([]Module, error) {
	modules, unmatched, err := c.match(m)
	if err != nil {
		return nil, err
	}
	if len(unmatched) > 0 {
		return nil, fmt.Errorf("lora target %q matches no module of the model: it has %s (or all-linear)", unmatched[0], kinds(m))
	}
	return modules, nil
}
