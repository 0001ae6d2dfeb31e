package lora

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"fettle/internal/model"
)

// Adapter is a set of modules and what trains for them, by PEFT's names without its prefix: "<module>.lora_A.weight",
// "<module>.lora_B.weight", and by its kind "<module>.lora_B.bias", "<module>.lora_magnitude_vector",
// "<module>.base_layer.bias" or "<module>.modules_to_save.weight"; embeddings have lora_embedding_A and _B.
type Adapter struct {
	Config  Config
	Modules []Module
	Weights model.Weights

	params []param
	byName map[string]Module
	all    []string // paths of all modules that could have an adapter
	tied   bool     // the model's head is its embedding
	pad    int      // token whose embedding does not train; -1 = none
	start  model.Weights
	copies map[string][]float32 // of parameters of the base, as they came with the file
}

// newAdapter makes an adapter without weights.
func newAdapter(m *model.Model, c Config, modules []Module) *Adapter {
	a := &Adapter{Config: c, Modules: modules, Weights: model.Weights{}, byName: map[string]Module{}, tied: m.Config.Tied, pad: m.Config.Pad}
	for _, mod := range modules {
		a.byName[mod.Name] = mod
	}
	for _, mod := range candidates(m) {
		a.all = append(a.all, mod.Name)
	}
	a.params = paramsOf(m, c, modules)
	return a
}

// Names lists what trains, in a fixed order: the tensors of each module in the order they run, then biases and whole modules.
func (a *Adapter) Names() []string {
	var names []string
	for _, p := range a.params {
		names = append(names, p.name)
	}
	return names
}

// Shapes are the float32 shapes of what trains, in the order of Names.
func (a *Adapter) Shapes() []shapes.Shape {
	var all []shapes.Shape
	for _, p := range a.params {
		all = append(all, shapes.Make(dtypes.Float32, p.shape...))
	}
	return all
}

// FileName is what a weight is called in adapter_model.safetensors.
func FileName(name string) string { return fileName(name) }

// Decays tells, in the order of Names, whether weight decay applies: not to biases nor norms.
func (a *Adapter) Decays() []bool {
	var decays []bool
	for _, p := range a.params {
		decays = append(decays, p.decay)
	}
	return decays
}

// Rates are the factors on the learning rate lr, in the order of Names; nil = 1 for all. LoRA+ lets B and vectors learn
// faster, and gives adapters of embeddings a rate of their own.
func (a *Adapter) Rates(lr float64) []float64 {
	if a.Config.PlusRatio == 0 {
		return nil
	}
	embed := a.Config.PlusEmbed
	if embed == 0 {
		embed = 1e-6 // PEFT's loraplus_lr_embedding
	}
	var rates []float64
	for _, p := range a.params {
		switch {
		case p.role == roleEmbedA || p.role == roleEmbedB:
			rates = append(rates, embed/lr)
		case p.role == roleB || len(p.shape) == 1:
			rates = append(rates, a.Config.PlusRatio)
		default:
			rates = append(rates, 1)
		}
	}
	return rates
}

// Size counts the trained weights.
func (a *Adapter) Size() (n int64) {
	for _, p := range a.params {
		size := int64(1)
		for _, d := range p.shape {
			size *= int64(d)
		}
		n += size
	}
	return n
}

// Check finds an adapter whose weights do not fit its modules.
func (a *Adapter) Check() error {
	for _, p := range a.params {
		t := a.Weights[p.name]
		if t == nil {
			return fmt.Errorf("adapter: weight %s is missing", p.name)
		}
		if got := t.Shape().Dimensions; !slices.Equal(got, p.shape) {
			return fmt.Errorf("adapter: weight %s has shape %v, want %v", p.name, got, p.shape)
		}
	}
	return nil
}

// Alike says whether two adapters make the same graph: they differ in the values of their weights alone. nil is no adapter.
func (a *Adapter) Alike(b *Adapter) bool {
	if a == nil || b == nil {
		return a == b
	}
	return reflect.DeepEqual(a.Config, b.Config) && slices.Equal(a.Modules, b.Modules) && slices.Equal(a.Names(), b.Names())
}
