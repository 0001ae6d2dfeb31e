package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong in a settings file.
type Fault struct {
	File      string
	Line, Col int    // from 1, columns in characters
	Setting   string // dotted, with its section: "clean.operators[0].length.min"
	Got       string // as written; "" = nothing to show
	Want      string // what would be right
	Hint      string // nearest known name, or ""
	Set       string // the -set that wrote it: named instead of the file
}

// String is the fault in one line, without a line end.
func (f Fault) String() string {
	var b strings.Builder
	if f.Set != "" {
		b.WriteString("-set " + f.Set + ": ")
	} else {
		fmt.Fprintf(&b, "%s:%d:%d: ", f.File, f.Line, f.Col)
		if f.Setting != "" {
			b.WriteString(f.Setting + ": ")
		}
	}
	if f.Got != "" {
		b.WriteString("got " + f.Got + ", ")
	}
	b.WriteString(f.Want)
	if f.Hint != "" {
		b.WriteString(" (did you mean " + f.Hint + "?)")
	}
	return b.String()
}

// Faults are all faults found, in the order of the file.
type Faults struct{ List []Fault }

// Error has one line a fault.
func (f *Faults) Error() string {
	lines := make([]string, len(f.List))
	for i, one := range f.List {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

func (f *Faults) add(one Fault) { f.List = append(f.List, one) }

// err sorts the faults, drops repeats, and is nil without any.
func (f *Faults) err() error {
	if len(f.List) == 0 {
		return nil
	}
	slices.SortStableFunc(f.List, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Setting, b.Setting), cmp.Compare(a.Want, b.Want))
	})
	f.List = slices.Compact(f.List)
	return f
}

// Typed names, in the faults of an error, the -set (path=value) that wrote what is wrong: the file that holds it is a copy.
func Typed(err error, sets []string) error {
	if f, ok := err.(*Faults); ok {
		for i := range f.List {
			for _, set := range sets { // the last of a path counts
				if path, _, _ := strings.Cut(set, "="); path == f.List[i].Setting {
					f.List[i].Set = set
				}
			}
		}
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			_ = Typed(one, sets)
		}
	case interface{ Unwrap() error }:
		_ = Typed(e.Unwrap(), sets)
	}
	return err
}

// quote shows what was written, shortened.
func quote(s string) string {
	const longest = 60
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest]) + "..."
	}
	return fmt.Sprintf("%q", s)
}
