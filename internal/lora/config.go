package lora

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"fettle/internal/model"
)

// Config says which projections get an adapter, and of what size.
type Config struct {
	Rank    int      `json:"rank" check:"min=1" jsonschema:"inner size of the adapter (PEFT: r)"`
	Alpha   float64  `json:"alpha" check:"min=0" jsonschema:"the adapter counts alpha/rank (PEFT: lora_alpha)"`
	Dropout float64  `json:"dropout" check:"min=0,max=0.95" jsonschema:"share of the adapter's inputs set to zero in training"`
	Targets []string `json:"targets" check:"minlen=1" jsonschema:"projections by name (q_proj), by the end of their path, or all-linear"`
	RsLoRA  bool     `json:"rslora" jsonschema:"scale by alpha/sqrt(rank) (arXiv:2312.03732)"`
}

// AllLinear stands for every projection but the output head.
const AllLinear = "all-linear"

// Scale is the factor on B A x.
func (c Config) Scale() float64 {
	if c.RsLoRA {
		return c.Alpha / math.Sqrt(float64(c.Rank))
	}
	return c.Alpha / float64(c.Rank)
}

// Module is a projection that gets an adapter.
type Module struct {
	Name    string // "model.layers.0.self_attn.q_proj"
	In, Out int
	Rank    int
	Scale   float64
}

// Match lists the projections of a model that the targets name, in the order they run. A target that matches none is an
// error: it would train less than was asked for.
func (c Config) Match(m *model.Model) ([]Module, error) {
	hits := map[string]bool{}
	var modules []Module
	for _, l := range m.Linears() {
		matched := false
		for _, target := range c.Targets {
			if matches(target, l.Module) {
				hits[target], matched = true, true
			}
		}
		if matched {
			modules = append(modules, Module{Name: l.Module, In: l.In, Out: l.Out, Rank: c.Rank, Scale: c.Scale()})
		}
	}
	for _, target := range c.Targets {
		if !hits[target] {
			return nil, fmt.Errorf("lora target %q matches no projection of the model: it has %s (or all-linear)", target, strings.Join(kinds(m), ", "))
		}
	}
	return modules, nil
}

// matches follows PEFT: a name stands for every module whose path is it or ends with it behind a dot.
func matches(target, module string) bool {
	if target == AllLinear {
		return module != "lm_head"
	}
	return module == target || strings.HasSuffix(module, "."+target)
}

// matchesPattern follows PEFT for a single string in target_modules: a regular expression over the whole path.
func matchesPattern(pattern, module string) (bool, error) {
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return false, fmt.Errorf("target_modules: %w", err)
	}
	return re.MatchString(module), nil
}

// kinds are the last parts of the projections' paths, each once, in order.
func kinds(m *model.Model) []string {
	var names []string
	seen := map[string]bool{}
	for _, l := range m.Linears() {
		name := l.Module[strings.LastIndex(l.Module, ".")+1:]
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}
