package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/lfs"
)

// Config is what the decoder needs to know, whatever the family and the spelling of its config.json.
type Config struct {
	ModelType                 string
	Vocab, Hidden, FFN        int
	Heads, KVHeads, HeadDim   int
	MaxPositions              int
	Eps, InitRange            float64
	Tied                      bool
	Activation                Activation
	QKVBias, OutBias, MLPBias bool
	QKNorm                    QKNorm
	Norms                     NormNames
	NormPlusOne               bool // RMSNorm multiplies by 1 + weight (Gemma)
	FusedQKV, FusedGateUp     bool
	EmbedScale                float64 // 1 but for Gemma
	AttnScale                 float64 // multiplies q·k
	AttnSoftcap, LogitSoftcap float64 // 0 = none
	Interleaved               bool    // RoPE rotates neighbours (GLM), not halves
	Layers                    []Layer
	MoE                       *MoE // nil = dense everywhere
	BOS, Pad                  int  // -1 = none
	EOS                       []int
	onlyInConfig              []int
	raw, generation           map[string]json.RawMessage
}

// Layer says how one layer attends and whether its feed-forward part is a mixture of experts.
type Layer struct {
	Window int   // keys a query sees, itself included; 0 = all
	Rope   *Rope // nil = no position encoding
	MoE    bool
}

// MoE describes the expert layers.
type MoE struct {
	Experts, PerToken, FFN int
	Normalize              bool // the chosen experts' weights are scaled to sum to 1
}

// Activation is the feed-forward non-linearity.
type Activation string

const (
	SiLU     Activation = "silu"
	GELUTanh Activation = "gelu_tanh"
	GELU     Activation = "gelu"
)

// QKNorm says over what q and k are normalised before RoPE.
type QKNorm int

const (
	NoQKNorm   QKNorm = iota
	HeadQKNorm        // per head (Qwen 3, Gemma 3)
	FullQKNorm        // over all heads together (OLMo 2)
)

// NormNames are the weights of the four places of a layer that can hold an RMSNorm; "" = none there.
type NormNames struct{ PreAttn, PostAttn, PreMLP, PostMLP string }

var preNorm = NormNames{PreAttn: "input_layernorm", PreMLP: "post_attention_layernorm"}

// family turns the fields of one model_type into a Config that holds the shared fields already.
type family func(f *fields, c *Config)

// absent is what transformers assumes of a config that leaves a key out (the defaults of the family's config class).
type absent struct {
	kvHeads   int // 0 = as many as heads, which null means everywhere
	headDim   int // 0 = hidden / heads
	positions int
	eps       float64 // 0 = 1e-6
	tied      bool
}

type registered struct {
	read   family
	absent absent
}

var families = map[string]registered{}

func register(modelType string, a absent, fn family) {
	if families[modelType].read != nil {
		panic("model: family " + modelType + " registered twice")
	}
	families[modelType] = registered{fn, a}
}

// Families are the known values of model_type, sorted.
func Families() []string {
	names := make([]string, 0, len(families))
	for name := range families {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ReadConfig reads config.json and, where present, generation_config.json of a model directory.
func ReadConfig(dir string) (*Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := lfs.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read model config: %w", notModel(dir, err))
	}
	c, err := ParseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("read model config %s: %w", path, err)
	}
	path = filepath.Join(dir, "generation_config.json")
	data, err = lfs.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = c.addGeneration(data)
	}
	if err != nil {
		return nil, fmt.Errorf("read generation config %s: %w", path, err)
	}
	return c, nil
}

// notModel says why there is no config.json where one was looked for.
func notModel(dir string, err error) error {
	info, statErr := os.Stat(dir)
	switch {
	case statErr == nil && !info.IsDir():
		return fmt.Errorf("%s is a file: want the folder of a model (%w)", dir, err)
	case errors.Is(statErr, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s (%w)", dir, fs.ErrNotExist)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is no folder of a model: it has no config.json (%w)", dir, fs.ErrNotExist)
	}
	return err
}

// ParseConfig understands the text of a config.json, in the spelling of transformers v4 or v5.
func ParseConfig(data []byte) (*Config, error) {
	f, err := newFields(data)
	if err != nil {
		return nil, err
	}
	c := &Config{raw: f.raw, ModelType: get(f, "model_type", "")}
	known := families[c.ModelType]
	if known.read == nil {
		return nil, f.unknownFamily()
	}
	common(f, c, known.absent)
	known.read(f, c)
	f.noSlides(c)
	f.quantisation()
	f.checkRest()
	if err := errors.Join(f.faults...); err != nil {
		return nil, err
	}
	return c, c.check()
}

// unknownFamily says which there are, and what of a model with a language part can be used.
func (f *fields) unknownFamily() error {
	list := strings.Join(Families(), ", ")
	var part struct {
		ModelType string `json:"model_type"`
	}
	switch {
	case len(f.faults) > 0:
		return f.faults[0]
	case !f.has("model_type"):
		return fmt.Errorf("model_type is missing: want one of %s", list)
	case json.Unmarshal(f.raw["text_config"], &part) == nil && families[part.ModelType].read != nil:
		return fmt.Errorf("model_type: %s is not supported, only its language part (text_config, %s) as a checkpoint of its own", f.raw["model_type"], part.ModelType)
	}
	return fmt.Errorf("model_type: %s is not supported: want one of %s", f.raw["model_type"], list)
}

// common reads the fields that all families spell alike.
func common(f *fields, c *Config, a absent) {
	c.Vocab, c.Hidden, c.FFN = need(f, "vocab_size"), need(f, "hidden_size"), need(f, "intermediate_size")
	c.Heads = need(f, "num_attention_heads")
	c.KVHeads = getNull(f, "num_key_value_heads", or(a.kvHeads, c.Heads), c.Heads)
	c.HeadDim = get(f, "head_dim", or(a.headDim, c.Hidden/max(1, c.Heads)))
	c.Layers = make([]Layer, f.layers())
	c.MaxPositions = get(f, "max_position_embeddings", a.positions)
	c.Eps = get(f, "rms_norm_eps", or(a.eps, 1e-6))
	c.InitRange = get(f, "initializer_range", 0.02)
	if c.Eps < 0 {
		f.fault("rms_norm_eps: %v: want no negative number", c.Eps)
	}
	c.Tied = get(f, "tie_word_embeddings", a.tied)
	c.Activation = f.activation("hidden_act", "silu")
	f.noNull("max_position_embeddings", "rms_norm_eps", "tie_word_embeddings", "hidden_act")
	c.Norms = preNorm
	c.EmbedScale = 1
	c.BOS, c.Pad = f.token("bos_token_id"), f.token("pad_token_id")
	c.EOS = f.tokens("eos_token_id")
}

// mostLayers is far beyond the deepest model, as are the other limits of check.
const mostLayers = 1 << 12

type size struct {
	name        string
	value, most int
}

// check refuses sizes that no model has: none, or so many that the count of weights would not fit a number.
func (c *Config) check() error {
	sizes := []size{
		{"vocab_size", c.Vocab, 1 << 24}, {"hidden_size", c.Hidden, 1 << 18}, {"intermediate_size", c.FFN, 1 << 20},
		{"num_attention_heads", c.Heads, 1 << 12}, {"num_key_value_heads", c.KVHeads, 1 << 12}, {"head_dim", c.HeadDim, 1 << 14},
		{"num_hidden_layers", len(c.Layers), mostLayers}, {"max_position_embeddings", c.MaxPositions, 1 << 40},
	}
	if e := c.MoE; e != nil {
		sizes = append(sizes, size{"num_experts", e.Experts, 1 << 10}, size{"num_experts_per_tok", e.PerToken, e.Experts}, size{"moe_intermediate_size", e.FFN, 1 << 20})
	}
	for _, s := range sizes {
		if s.value <= 0 || s.value > s.most {
			return fmt.Errorf("%s is %d, want 1 to %d", s.name, s.value, s.most)
		}
	}
	if c.Heads%c.KVHeads != 0 {
		return fmt.Errorf("num_attention_heads %d is no multiple of num_key_value_heads %d", c.Heads, c.KVHeads)
	}
	if c.AttnScale == 0 {
		c.AttnScale = invSqrt(float64(c.HeadDim))
	}
	return nil
}

// OnlyInConfig are the end tokens of config.json that generation_config.json, which names others, lacks.
func (c *Config) OnlyInConfig() []int { return c.onlyInConfig }

// addGeneration takes the end tokens from generation_config.json, where instruction-tuned models keep the full list.
func (c *Config) addGeneration(data []byte) error {
	f, err := newFields(data)
	if err != nil {
		return err
	}
	c.generation = f.raw
	more := f.tokens("eos_token_id")
	for _, id := range c.EOS {
		if len(more) > 0 && !slices.Contains(more, id) {
			c.onlyInConfig = append(c.onlyInConfig, id)
		}
	}
	for _, id := range more {
		if !slices.Contains(c.EOS, id) {
			c.EOS = append(c.EOS, id)
		}
	}
	if c.Pad < 0 {
		c.Pad = f.token("pad_token_id")
	}
	if c.BOS < 0 {
		c.BOS = f.token("bos_token_id")
	}
	return errors.Join(f.faults...)
}
