package config

import (
	"reflect"
	"strings"
)

var pathNames = map[string]string{"file": "file", "dir": "directory", "model": "directory", "adapter": "directory"}

// wanted describes what a field takes, as the end of "want ...".
func wanted(t reflect.Type, r rules) string {
	if len(r.oneof) > 0 && t.Kind() != reflect.Slice && t.Kind() != reflect.Map {
		return oneOf(r.oneof)
	}
	switch {
	case t == durationType:
		return "a duration" + r.limits() + ", such as 90s or 1h30m"
	case t == sizeType:
		return "a size" + r.limits() + ", such as 64MiB or 2GB"
	case isChoice(t):
		return oneOf(namesOf(operatorOf(t)))
	}
	switch t.Kind() {
	case reflect.Pointer:
		return wanted(t.Elem(), r)
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		if r.path != "" {
			return "the path of a " + pathNames[r.path]
		}
		return "text" + r.lengths("characters")
	case reflect.Float32, reflect.Float64:
		return "a number" + r.limits()
	case reflect.Slice:
		return "a list of " + plural(t.Elem(), r.element()) + r.lengths("entries")
	case reflect.Map, reflect.Struct:
		return "settings, one \"name: value\" a line" + r.lengths("entries")
	case reflect.Interface:
		return "a value"
	}
	return "a whole number" + r.limits()
}

func plural(t reflect.Type, r rules) string {
	if len(r.oneof) > 0 {
		return strings.Join(r.oneof, ", ")
	}
	switch {
	case isChoice(t):
		return list(namesOf(operatorOf(t)))
	case t == durationType:
		return "durations"
	case t == sizeType:
		return "sizes"
	}
	switch t.Kind() {
	case reflect.String:
		return "texts"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "settings"
	case reflect.Slice:
		return "lists"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "numbers" + r.limits()
	case reflect.Interface:
		return "values"
	}
	return "whole numbers" + r.limits()
}

func (r rules) limits() string {
	switch {
	case r.min != "" && r.max != "":
		return " from " + r.min + " to " + r.max
	case r.min != "" && r.below != "":
		return " from " + r.min + ", below " + r.below
	case r.above != "" && r.max != "":
		return " above " + r.above + ", at most " + r.max
	case r.above != "" && r.below != "":
		return " between " + r.above + " and " + r.below + " (neither included)"
	case r.min != "":
		return " of at least " + r.min
	case r.max != "":
		return " of at most " + r.max
	case r.above != "":
		return " above " + r.above
	case r.below != "":
		return " below " + r.below
	}
	return ""
}

func (r rules) lengths(unit string) string {
	switch {
	case r.minlen == 1 && r.maxlen == 0:
		return " (not empty)"
	case r.minlen > 0 && r.minlen == r.maxlen:
		return " (" + itoa(r.minlen) + " " + unit + ")"
	case r.minlen > 0 && r.maxlen > 0:
		return " (" + itoa(r.minlen) + " to " + itoa(r.maxlen) + " " + unit + ")"
	case r.minlen > 0:
		return " (at least " + itoa(r.minlen) + " " + unit + ")"
	case r.maxlen > 0:
		return " (at most " + itoa(r.maxlen) + " " + unit + ")"
	}
	return ""
}

func oneOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + list(names)
}

func list(names []string) string { return strings.Join(names, ", ") }
