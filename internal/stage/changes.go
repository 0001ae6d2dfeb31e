package stage

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"fettle/internal/artifact"
)

// Changes says in words which parts of a key differ: `operator length.min 20 -> 30`, `operator exact removed`, `input ingest`.
func Changes(was, is artifact.Parts) []string {
	var out []string
	if was.Version != is.Version {
		out = append(out, fmt.Sprintf("version %d -> %d", was.Version, is.Version))
	}
	out = append(out, settingsChanges(flatten(was.Settings), flatten(is.Settings))...)
	out = append(out, contentChanges("input ", was.Inputs, is.Inputs)...)
	out = append(out, contentChanges("content of ", was.Files, is.Files)...)
	if was.Backend != is.Backend {
		out = append(out, fmt.Sprintf("backend %s -> %s", was.Backend, is.Backend))
	}
	return out
}

// contentChanges names what has another digest.
func contentChanges(what string, was, is map[string]string) []string {
	var out []string
	for _, name := range bothKeys(was, is) {
		if was[name] != is[name] {
			out = append(out, what+name)
		}
	}
	return out
}

// present stands for an element of a list by itself, before its settings.
const present = "present"

// orderOf begins the entry that holds the names of a list's elements in their order.
const orderOf = "order of "

func settingsChanges(was, is map[string]string) []string {
	var out []string
	whole := "-" // an element that is new or gone: its settings are not listed one by one
	for _, name := range bothKeys(was, is) {
		a, had := was[name]
		b, has := is[name]
		switch {
		case had && has && a == b, strings.HasPrefix(name, whole+"."), strings.HasPrefix(name, orderOf) && !sameNames(a, b):
		case a == present:
			out, whole = append(out, name+" removed"), name
		case b == present:
			out, whole = append(out, name+" added"), name
		case !had:
			out = append(out, fmt.Sprintf("%s added: %s", name, b))
		case !has:
			out = append(out, fmt.Sprintf("%s removed: %s", name, a))
		default:
			out = append(out, fmt.Sprintf("%s %s -> %s", name, a, b))
		}
	}
	return out
}

// sameNames: an element that is new or gone is named by itself, the order that changes with it is not.
func sameNames(a, b string) bool {
	one, two := strings.Split(a, ", "), strings.Split(b, ", ")
	slices.Sort(one)
	slices.Sort(two)
	return slices.Equal(one, two)
}

func bothKeys(a, b map[string]string) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// flatten turns settings into dotted names. Of a list of {name: settings}, as operators: [{length: {min: 3}}], each element is
// called by its name (operator length, operator length.min), and the order of the names is an entry of its own.
func flatten(raw json.RawMessage) map[string]string {
	out := map[string]string{}
	var v any
	if json.Unmarshal(raw, &v) == nil {
		flattenInto(out, "", v)
	}
	return out
}

func flattenInto(out map[string]string, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			flattenInto(out, strings.TrimPrefix(at+"."+name, "."), e)
		}
		if len(v) == 0 && out[at] == "" {
			out[at] = "{}"
		}
	case []any:
		flattenList(out, at, v)
	default:
		text, _ := json.Marshal(v) // of plain JSON: cannot fail
		out[at] = string(text)
	}
}

func flattenList(out map[string]string, at string, list []any) {
	seen := map[string]int{}
	var names []string
	for i, e := range list {
		m, ok := e.(map[string]any)
		if !ok || len(m) != 1 {
			flattenInto(out, fmt.Sprintf("%s[%d]", at, i), e)
			continue
		}
		for name, settings := range m { // the only one
			if seen[name]++; seen[name] > 1 {
				name = fmt.Sprintf("%s#%d", name, seen[name])
			}
			names = append(names, name)
			label := strings.TrimSuffix(at, "s") + " " + name
			out[label] = present
			flattenInto(out, label, settings)
		}
	}
	switch {
	case len(list) == 0:
		out[at] = "[]"
	case len(names) > 1:
		out[orderOf+at] = strings.Join(names, ", ")
	}
}
