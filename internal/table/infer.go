package table

import (
	"math"
	"sort"
	"strconv"
	"strings"
)

// maxKeys is how many different keys an object column may have and still be a struct; beyond it the keys are data, not
// names, and the column becomes JSON text.
const maxKeys = 256

// MixedKey is the key of Schema.Meta that lists the columns, separated by commas, whose values had no common type: strings
// stand in them as they are, other values as JSON text.
const MixedKey = "fettle.mixed"

// shape is what has been seen of a column in all rows so far.
type shape struct {
	null, boolean, text   bool
	whole, big, fraction  bool // int64, integers beyond it, other numbers
	inexact               bool // integers that float64 does not hold
	list                  *shape
	objects               int
	names                 []string // in the order of first sight
	fields                map[string]*shape
	seen                  map[string]int
	keysAreData, cellText bool
}

func (s *shape) add(v any) {
	switch v := v.(type) {
	case nil:
		s.null = true
	case bool:
		s.boolean = true
	case string:
		s.text = true
	case number:
		s.number(string(v))
	case cellText:
		s.cell(string(v))
	case []any:
		if s.list == nil {
			s.list = &shape{}
		}
		for _, e := range v {
			s.list.add(e)
		}
	case *object:
		s.object(v)
	}
}

func (s *shape) number(text string) {
	if strings.ContainsAny(text, ".eE") || text == "-0" {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			s.big = true // 1e999
		}
		s.fraction = true
		return
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.big = true
		return
	}
	s.whole = true
	if n > 1<<53 || n < -1<<53 {
		s.inexact = true
	}
}

// cell classifies a CSV cell. A number counts as one only if writing it again gives the same text, but for zeros at the end
// of a fraction: 007 and +1 are texts.
func (s *shape) cell(text string) {
	s.cellText = true
	switch {
	case text == "":
		s.null = true
	case text == "true" || text == "false":
		s.boolean = true
	case isWhole(text):
		s.number(text)
	case isFraction(text):
		s.fraction = true
	default:
		s.text = true
	}
}

func isWhole(text string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == text
}

func isFraction(text string) bool {
	if !strings.Contains(text, ".") || strings.HasSuffix(text, ".") || strings.Trim(text, "-.0123456789") != "" {
		return false
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return false
	}
	short := strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	return strconv.FormatFloat(f, 'f', -1, 64) == short
}

func (s *shape) object(o *object) {
	s.objects++
	if s.keysAreData {
		return
	}
	if s.fields == nil {
		s.fields, s.seen = map[string]*shape{}, map[string]int{}
	}
	for i, name := range o.names {
		f := s.fields[name]
		if f == nil {
			f = &shape{}
			s.fields[name] = f
			s.names = append(s.names, name)
		}
		s.seen[name]++
		f.add(o.values[i])
	}
	if len(s.names) > maxKeys || s.fields[""] != nil {
		s.keysAreData, s.fields, s.seen = true, nil, nil // lets go of what could grow with the file
	}
}

// resolver turns shapes into a schema and notes the mixed columns.
type resolver struct{ mixed []string }

func (r *resolver) schema(s *shape) *Schema {
	out := &Schema{Fields: r.structFields("", s), Meta: map[string]string{}}
	if len(r.mixed) > 0 {
		sort.Strings(r.mixed)
		out.Meta[MixedKey] = strings.Join(r.mixed, ",")
	}
	return out
}

func (r *resolver) structFields(path string, s *shape) []Field {
	fields := make([]Field, len(s.names))
	for i, name := range s.names {
		f := s.fields[name]
		fields[i] = Field{Name: name, Type: r.typeOf(path+name, f), Nullable: f.null || s.seen[name] < s.objects}
		if f.cellText && fields[i].Type == String {
			fields[i].Nullable = false // an empty cell of a text column is an empty text
		}
	}
	return fields
}

func (r *resolver) typeOf(path string, s *shape) Type {
	numbers := s.whole || s.big || s.fraction
	kinds := 0
	for _, seen := range []bool{s.boolean, s.text, numbers, s.list != nil, s.objects > 0} {
		if seen {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		return String // null in every row
	case kinds > 1:
		if !s.cellText {
			r.mixed = append(r.mixed, path)
		}
		return String
	case s.boolean:
		return Bool
	case numbers:
		return numberType(s)
	case s.list != nil:
		return ListOf(Field{Type: r.typeOf(path, s.list), Nullable: s.list.null})
	case s.objects > 0 && !s.keysAreData && len(s.names) > 0:
		return Struct(r.structFields(path+".", s)...)
	}
	return String
}

// numberType is the type that holds every number of the column exactly as JSON means it; else they stay texts.
func numberType(s *shape) Type {
	switch {
	case s.big || (s.fraction && s.inexact):
		return String
	case s.fraction:
		return Float64
	}
	return Int64
}
