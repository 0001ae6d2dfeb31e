package lora

import (
	"strings"

	"fettle/internal/model"
)

// role says what a trained tensor is for.
type role int

const (
	roleA role = iota
	roleB
	roleVector // a bias of B, or DoRA's row lengths
	roleEmbedA
	roleEmbedB
	roleWhole // takes the place of a parameter of the model
)

// param is one trained tensor.
type param struct {
	name  string // in Adapter.Weights
	shape []int
	role  role
	base  string // roleWhole: the parameter whose place it takes, and whose value it starts with
	decay bool
}

// NameA and NameB are the names of a projection's matrices.
func NameA(module string) string { return module + ".lora_A.weight" }

// NameB is the name of B.
func NameB(module string) string { return module + ".lora_B.weight" }

func nameBias(module string) string      { return module + ".lora_B.bias" }
func nameMagnitude(module string) string { return module + ".lora_magnitude_vector" }

func (m Module) nameA() string {
	if m.Embedding {
		return m.Name + ".lora_embedding_A"
	}
	return NameA(m.Name)
}

func (m Module) nameB() string {
	if m.Embedding {
		return m.Name + ".lora_embedding_B"
	}
	return NameB(m.Name)
}

// whole marks, inside names, a tensor that is trained as a whole; files leave it out.
const whole = ".modules_to_save."

func fileName(name string) string { return prefix + strings.Replace(name, whole, ".", 1) }

// paramsOf lists all trained tensors in a fixed order: those of each module, biases, then whole modules.
func paramsOf(m *model.Model, c Config, modules []Module) []param {
	var all []param
	adapted := map[string]bool{}
	for _, mod := range modules {
		adapted[mod.Name] = true
		all = append(all, mod.params(c)...)
	}
	for _, p := range wholeParams(m) {
		module, leaf := p.module, p.leaf
		entry := param{name: module + whole + leaf, shape: p.shape, role: roleWhole, base: p.base, decay: p.decay}
		switch {
		case c.saves(module):
		case leaf == "bias" && adapted[module] && (c.Bias == LoRAOnly || c.Bias == All):
			entry.name = module + ".base_layer.bias"
		case leaf == "bias" && c.Bias == All:
		default:
			continue
		}
		all = append(all, entry)
	}
	return all
}

func (m Module) params(c Config) []param {
	a, b := roleA, roleB
	if m.Embedding {
		a, b = roleEmbedA, roleEmbedB
	}
	all := []param{
		{name: m.nameA(), shape: []int{m.Rank, m.In}, role: a, decay: true},
		{name: m.nameB(), shape: []int{m.Out, m.Rank}, role: b, decay: true},
	}
	if c.LoRABias {
		all = append(all, param{name: nameBias(m.Name), shape: []int{m.Out}, role: roleVector})
	}
	if c.DoRA {
		all = append(all, param{name: nameMagnitude(m.Name), shape: []int{m.Out}, role: roleVector, decay: true})
	}
	return all
}

type wholeParam struct {
	module, leaf, base string
	shape              []int
	decay              bool
}

// wholeParams are the parameters that may train as a whole: the model's, and the head that a tied model has only as a use
// of its embedding.
func wholeParams(m *model.Model) []wholeParam {
	var all []wholeParam
	for _, p := range m.Parameters() {
		dot := strings.LastIndex(p.Name, ".")
		all = append(all, wholeParam{p.Name[:dot], p.Name[dot+1:], p.Name, p.Shape, p.Decays()})
	}
	if m.Config.Tied {
		all = append(all, wholeParam{headModule, "weight", embedModule + ".weight", []int{m.Config.Vocab, m.Config.Hidden}, true})
	}
	return all
}
