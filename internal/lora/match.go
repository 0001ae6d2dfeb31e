package lora

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"fettle/internal/model"
)

const (
	embedModule = "model.embed_tokens"
	headModule  = "lm_head"
)

// target is one entry of a list of modules.
type target struct {
	name string
	re   *regexp.Regexp
}

func newTarget(s string) (target, error) {
	if len(s) > 2 && s[0] == '/' && s[len(s)-1] == '/' {
		re, err := wholePath(s[1 : len(s)-1])
		return target{re: re}, err
	}
	return target{name: s}, nil
}

// wholePath is Python's re.fullmatch. Go's expressions know no look-ahead; that is said, not guessed around.
func wholePath(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", pattern, err)
	}
	return re, nil
}

// patternRegexp matches as the keys of PEFT's rank_pattern do: the whole path, or its end behind a dot.
func patternRegexp(match string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(`^(?:.*\.)?(?:` + match + `)$`)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", match, err)
	}
	return re, nil
}

// matches follows PEFT: a name stands for every module whose path is it or ends with it behind a dot.
func (t target) matches(m Module) bool {
	switch {
	case t.re != nil:
		return t.re.MatchString(m.Name)
	case t.name == AllLinear:
		return m.Name != headModule && !m.Embedding
	}
	return named(t.name, m.Name)
}

func named(name, module string) bool { return module == name || strings.HasSuffix(module, "."+name) }

// candidates are all modules that may get an adapter, in the order they run. The head of a tied model is one too: its adapter
// is its own, though its weight is the embedding's.
func candidates(m *model.Model) []Module {
	c := m.Config
	all := []Module{{Name: embedModule, In: c.Vocab, Out: c.Hidden, Embedding: true}}
	for _, l := range m.Linears() {
		all = append(all, Module{Name: l.Module, In: l.In, Out: l.Out, Bias: l.Bias})
	}
	if c.Tied {
		all = append(all, Module{Name: headModule, In: c.Hidden, Out: c.Vocab})
	}
	return all
}

func targets(list []string) ([]target, error) {
	var all []target
	for _, s := range list {
		t, err := newTarget(s)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// match lists the modules and the targets that match none.
func (c Config) match(m *model.Model) (modules []Module, unmatched []string, err error) {
	wanted, err := targets(c.Targets)
	if err != nil {
		return nil, nil, err
	}
	barred, err := targets(c.Exclude)
	if err != nil {
		return nil, nil, err
	}
	hits := make([]bool, len(wanted))
	for _, module := range candidates(m) {
		hit := false
		for i, t := range wanted {
			if t.matches(module) {
				hit, hits[i] = true, true
			}
		}
		if !hit || c.saves(module.Name) || !c.inLayers(module.Name) && !slices.Contains(c.Targets, module.Name) || slices.ContainsFunc(barred, func(t target) bool { return t.matches(module) }) {
			continue
		}
		if module.Embedding && c.LoRABias {
			return nil, nil, errors.New("lora: lora_bias is not for embeddings")
		}
		if module, err = c.size(module); err != nil {
			return nil, nil, err
		}
		modules = append(modules, module)
	}
	for i, hit := range hits {
		if !hit {
			unmatched = append(unmatched, c.Targets[i])
		}
	}
	return modules, unmatched, nil
}

// saves reports whether a module, or one that it is part of, is trained as a whole: PEFT compares ends of paths.
func (c Config) saves(module string) bool {
	for path := module; ; {
		if slices.ContainsFunc(c.Save, func(s string) bool { return strings.HasSuffix(path, s) }) {
			return true
		}
		dot := strings.LastIndex(path, ".")
		if dot < 0 {
			return false
		}
		path = path[:dot]
	}
}

func (c Config) inLayers(module string) bool {
	if len(c.Layers) == 0 {
		return true
	}
	rest, ok := strings.CutPrefix(module, "model.layers.")
	if !ok {
		return false
	}
	number, _, _ := strings.Cut(rest, ".")
	layer, err := strconv.Atoi(number)
	return err == nil && slices.Contains(c.Layers, layer)
}

// kinds are the last parts of the modules' paths, each once, in order.
func kinds(m *model.Model) string {
	var names []string
	for _, c := range candidates(m) {
		if name := last(c.Name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func last(path string) string { return path[strings.LastIndex(path, ".")+1:] }
