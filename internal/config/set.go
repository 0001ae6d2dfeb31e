package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Set gives the file's text with settings changed, each "section.setting=value": the rest of the text, comments
// included, stays as it is. A list entry is named by its number or by its operator: "clean.operators.length.min=3",
// "clean.operators[0].length.min=3". The value is YAML in one line. A setting that the file leaves out is written into
// its section; whether it exists is for Decode to say. Faults name what is there.
func Set(f *File, overrides []string) ([]byte, error) {
	var faults Faults
	now := f
	for _, o := range overrides {
		next, fault := now.set(o)
		if fault != nil {
			faults.add(*fault)
			continue
		}
		now = next
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	text := now.text
	if f.crlf {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return []byte(text), nil
}

// setting is one override on its way into the text.
type setting struct {
	file  *File
	name  string
	value string // YAML that is safe inside { }
}

func (f *File) set(override string) (*File, *Fault) {
	name, value, ok := strings.Cut(override, "=")
	s := &setting{file: f, name: strings.TrimSpace(name)}
	path := steps(s.name)
	if !ok || len(path) < 2 {
		return nil, s.fault(f.root, "want section.setting=value", "")
	}
	var fault *Fault
	if s.value, fault = s.safe(value); fault != nil {
		return nil, fault
	}
	if f.root.get(path[0]) == nil {
		return nil, s.fault(f.root, "no section "+path[0]+", want one of "+list(f.Sections()), Nearest(path[0], f.Sections()))
	}
	text, fault := s.inMap(f.root, path, false)
	if fault != nil {
		return nil, fault
	}
	out := &File{path: f.path, text: text, crlf: f.crlf}
	if err := out.parse(); err != nil || !out.holds(path, s.value) {
		return nil, s.fault(f.root, "the text cannot be edited in place: change the file itself", "")
	}
	return out, nil
}

func (s *setting) fault(n *node, want, hint string) *Fault {
	return &Fault{File: s.file.path, Line: n.line, Col: n.col, Setting: "-set " + s.name, Want: want, Hint: hint}
}

// safe is the value as it may stand anywhere: text that YAML would cut or read as something else is quoted.
func (s *setting) safe(value string) (string, *Fault) {
	value = strings.TrimSpace(value)
	if value != "" && !strings.ContainsAny(value, "\n\r") {
		alone, err := Parse("", []byte("x: "+value+"\n"))
		inside, err2 := Parse("", []byte("{x: "+value+"}\n"))
		if err == nil && err2 == nil && len(inside.root.entries) == 1 {
			a, b := alone.root.entries[0].value, inside.root.entries[0].value
			whole := a.kind != scalarNode || a.quoted || a.text == value
			if whole && a.kind != refusedNode && reflect.DeepEqual(anyValue(a), anyValue(b)) {
				return value, nil
			}
		}
		if strings.ContainsRune("{[\"'", rune(value[0])) {
			return "", s.fault(s.file.root, "want a value that is YAML: "+quote(value)+" is not", "")
		}
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		panic(err) // a string
	}
	return string(quoted), nil
}

// holds says whether the value at a path is the one that was set.
func (f *File) holds(path []string, value string) bool {
	want, err := Parse("", []byte("x: "+value+"\n"))
	if err != nil {
		return false
	}
	n := f.root
	for _, step := range path {
		if n.kind == listNode {
			i, named := pick(n, step)
			if len(i) != 1 {
				return false
			}
			if n = n.items[i[0]]; !named {
				continue
			}
		}
		e := n.get(step)
		if e == nil {
			return false
		}
		n = e.value
	}
	return reflect.DeepEqual(anyValue(n), anyValue(want.root.entries[0].value))
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_/-]*$`)

// nest writes a value below the rest of a path: {optimizer: {lr: 1e-4}}.
func (s *setting) nest(path []string) string {
	if len(path) == 0 {
		return s.value
	}
	return "{" + s.pair(path) + "}"
}

func (s *setting) pair(path []string) string {
	key := path[0]
	if !plainKey.MatchString(key) {
		key = fmt.Sprintf("%q", key)
	}
	return key + ": " + s.nest(path[1:])
}

func (s *setting) inMap(n *node, path []string, flow bool) (string, *Fault) {
	e, flow := n.get(path[0]), flow || n.flow
	if e == nil {
		return s.file.insert(n, s.pair(path), flow), nil
	}
	rest := path[1:]
	switch v := e.value; {
	case len(rest) == 0 || v.kind == nullNode:
		return s.file.replaceEntry(e, s.nest(rest), flow), nil
	case v.kind == mapNode && (len(v.entries) > 0 || v.flow):
		return s.inMap(v, rest, flow)
	case v.kind == listNode:
		return s.inList(v, rest, flow)
	case v.kind == scalarNode && v.text == rest[0]:
		return s.file.replaceEntry(e, s.nest(rest), flow), nil
	default:
		return "", s.fault(v, path[0]+" is "+show(v)+" and has no setting "+rest[0], "")
	}
}

func (s *setting) inList(n *node, path []string, flow bool) (string, *Fault) {
	at, named := pick(n, path[0])
	flow = flow || n.flow
	if len(at) != 1 {
		return "", s.notOne(n, path[0], at)
	}
	item, rest := n.items[at[0]], path[1:]
	if named {
		rest = path
	}
	switch {
	case len(rest) == 0 || item.kind == nullNode || item.kind == scalarNode && item.text == rest[0]:
		return s.file.replaceItem(item, s.nest(rest), flow), nil
	case item.kind == mapNode:
		return s.inMap(item, rest, flow)
	case item.kind == listNode:
		return s.inList(item, rest, flow)
	default:
		return "", s.fault(item, "entry "+path[0]+" is "+show(item)+" and has no setting "+rest[0], "")
	}
}

// pick finds the entries of a list that a step means: by number, or by the name of an operator.
func pick(n *node, step string) (at []int, named bool) {
	if i, ok := index(step); ok {
		if i < len(n.items) {
			at = append(at, i)
		}
		return at, false
	}
	for i, name := range operatorNames(n) {
		if name == step {
			at = append(at, i)
		}
	}
	return at, true
}

func operatorNames(n *node) []string {
	names := make([]string, len(n.items))
	for i, item := range n.items {
		if item.kind == mapNode && len(item.entries) == 1 {
			names[i] = item.entries[0].key
		} else if item.kind == scalarNode {
			names[i] = item.text
		}
	}
	return names
}

func (s *setting) notOne(n *node, step string, at []int) *Fault {
	if len(at) > 1 {
		return s.fault(n, fmt.Sprintf("%d entries are named %s, want a number: [%d] or [%d]", len(at), step, at[0], at[1]), "")
	}
	if _, ok := index(step); ok {
		return s.fault(n, fmt.Sprintf("no entry %s: the list has %d, numbered from 0", step, len(n.items)), "")
	}
	var names []string
	for _, name := range operatorNames(n) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return s.fault(n, "no entry "+step+", want one of "+list(names), Nearest(step, names))
}
