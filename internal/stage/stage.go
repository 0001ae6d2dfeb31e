package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"fettle/internal/artifact"
)

// Stage is a stage without its settings' type, as the command line handles it.
type Stage interface {
	Title() string
	Start(ctx context.Context, args []string, stdout, stderr io.Writer) int
	Preview(args []string, made map[string]artifact.Ref, stderr io.Writer) (Preview, error)
	Sample() any // pointer to the settings of an empty section
	Reads() []Input
}

// Title is the stage's name.
func (d Def[S]) Title() string { return d.Name }

// Sample is a pointer to the settings of an empty section.
func (d Def[S]) Sample() any { s := d.Defaults(); return &s }

// Reads lists the inputs.
func (d Def[S]) Reads() []Input { return d.Inputs }

// Preview is what a stage would do.
type Preview struct {
	Ref      artifact.Ref
	Cached   bool
	Parts    artifact.Parts
	Previous *artifact.Artifact // what the pipeline's last run made; nil = never ran
	Changes  []string           // key parts that differ from the previous
}

// Preview computes the key without doing the work. made gives the inputs known so far.
func (d Def[S]) Preview(args []string, made map[string]artifact.Ref, stderr io.Writer) (Preview, error) {
	inv, code := parse(d.Name, args, stderr)
	if inv == nil {
		return Preview{}, usageError(fmt.Sprintf("exit %d", code))
	}
	for _, in := range d.Inputs {
		if ref, ok := made[in.Name]; ok {
			inv.in[in.Name] = ref
		}
	}
	p, err := d.plan(inv)
	if err != nil {
		return Preview{}, err
	}
	v := Preview{Ref: artifact.RefOf(d.Name, p.parts.Key()), Parts: p.parts}
	if _, err := p.store.Get(v.Ref); err == nil {
		v.Cached = true
	} else if !errors.Is(err, artifact.ErrNone) {
		return v, err
	}
	if ref, err := LastArtifact(p.store, p.pipeline, d.Name); err == nil {
		if v.Previous, err = p.store.Get(ref); err == nil {
			v.Changes = Changes(v.Previous.Manifest.Parts, p.parts)
		}
	}
	return v, nil
}

// Changes says in words which parts of a key differ: `operator length.min 20 -> 30`, `input ingest`, `file train_data`.
func Changes(was, is artifact.Parts) []string {
	var out []string
	if was.Version != is.Version {
		out = append(out, fmt.Sprintf("version %d -> %d", was.Version, is.Version))
	}
	out = append(out, differences("", flatten(was.Settings), flatten(is.Settings), true)...)
	out = append(out, differences("input ", was.Inputs, is.Inputs, false)...)
	out = append(out, differences("content of ", was.Files, is.Files, false)...)
	if was.Backend != is.Backend {
		out = append(out, fmt.Sprintf("backend %s -> %s", was.Backend, is.Backend))
	}
	return out
}

func differences(what string, was, is map[string]string, values bool) []string {
	names := map[string]bool{}
	for _, m := range []map[string]string{was, is} {
		for name := range m {
			names[name] = true
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, had := was[name]
		b, has := is[name]
		switch {
		case had && has && a == b:
		case !values:
			out = append(out, what+name)
		case !had:
			out = append(out, fmt.Sprintf("%s%s added: %s", what, name, b))
		case !has:
			out = append(out, fmt.Sprintf("%s%s removed: %s", what, name, a))
		default:
			out = append(out, fmt.Sprintf("%s%s %s -> %s", what, name, a, b))
		}
	}
	return out
}

// flatten turns settings into dotted names; a list of {operator: settings} uses the operators' names.
func flatten(raw json.RawMessage) map[string]string {
	out := map[string]string{}
	var v any
	if json.Unmarshal(raw, &v) == nil {
		flattenInto(out, "", v)
	}
	return out
}

func flattenInto(out map[string]string, at string, v any) {
	join := func(name string) string { return strings.TrimPrefix(at+"."+name, ".") }
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			flattenInto(out, join(name), e)
		}
		if len(v) == 0 {
			out[at] = "{}"
		}
	case []any:
		flattenList(out, at, v)
	default:
		text, _ := json.Marshal(v)
		out[at] = string(text)
	}
}

func flattenList(out map[string]string, at string, list []any) {
	seen := map[string]int{}
	for i, e := range list {
		m, ok := e.(map[string]any)
		if !ok || len(m) != 1 {
			flattenInto(out, fmt.Sprintf("%s[%d]", at, i), e)
			continue
		}
		for name, settings := range m { // the only one
			seen[name]++
			label := at + "." + name
			if seen[name] > 1 {
				label = fmt.Sprintf("%s#%d", label, seen[name])
			}
			flattenInto(out, label, settings)
		}
	}
	if len(list) == 0 {
		out[at] = "[]"
	}
}
