package table

import (
	"fmt"
	"iter"
	"math"
	"reflect"
	"time"
)

// Read yields a table as structs, whose json tags name the columns; columns that T lacks are not decoded. A column of T
// that the file lacks or has with another type is an error before the first row. Whole numbers may widen to float64, and
// int64 may be read as int32, value by value. A value that does not fit (a null where T takes none, a number out of range)
// is a *RowError, after which the caller may go on. An empty list is a nil slice.
func Read[T any](path string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		r, err := OpenAs(path, SchemaOf[T]())
		if err != nil {
			yield(zero, err)
			return
		}
		defer r.Close()
		columns, set, err := match(r, reflect.TypeFor[T]())
		if err != nil {
			yield(zero, err)
			return
		}
		for at, err := range r.lines(columns, true) {
			if err != nil {
				if !yield(zero, err) {
					return
				}
				continue
			}
			var out T
			if err := set(reflect.ValueOf(&out).Elem(), at.Row); err != nil {
				if !yield(zero, &RowError{File: path, Line: at.Line, Reason: err.Error()}) {
					return
				}
				continue
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

// setter stores a row's value in a Go value.
type setter func(dst reflect.Value, v any) error

// match finds T's columns in the file and compiles how a row of them is stored.
func match(r *Reader, t reflect.Type) (columns []int, set setter, err error) {
	ms := members(t)
	fields := make([]Field, len(ms))
	for i, m := range ms {
		at := r.Schema().Index(m.Name)
		if at < 0 {
			return nil, nil, fmt.Errorf("read %s: no column %q, which must be %s", r.path, m.Name, m.Type)
		}
		columns = append(columns, at)
		fields[i] = r.Schema().Fields[at]
	}
	set, err = structSetter(t, "", fields)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", r.path, err)
	}
	return columns, set, nil
}

// structSetter matches fields by name; those of the file that t lacks are passed over.
func structSetter(t reflect.Type, path string, have []Field) (setter, error) {
	ms := members(t)
	from := make([]int, len(ms))
	sets := make([]setter, len(ms))
	for i, m := range ms {
		from[i] = (&Schema{Fields: have}).Index(m.Name)
		if from[i] < 0 {
			return nil, fmt.Errorf("no column %q, which must be %s", path+m.Name, m.Type)
		}
		set, err := setterOf(m.typ, path+m.Name, have[from[i]].Type)
		if err != nil {
			return nil, err
		}
		sets[i] = set
	}
	return func(dst reflect.Value, v any) error {
		row := v.([]any)
		for i, m := range ms {
			if err := sets[i](dst.FieldByIndex(m.index), row[from[i]]); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// setterOf compiles one value; null is allowed for pointers and times only.
func setterOf(t reflect.Type, path string, have Type) (setter, error) {
	if t.Kind() == reflect.Pointer {
		in, err := setterOf(t.Elem(), path, have)
		if err != nil {
			return nil, err
		}
		return func(dst reflect.Value, v any) error {
			if v == nil {
				return nil
			}
			dst.Set(reflect.New(t.Elem()))
			return in(dst.Elem(), v)
		}, nil
	}
	set, err := valueSetter(t, path, have)
	if err != nil {
		return nil, err
	}
	return func(dst reflect.Value, v any) error {
		if v != nil {
			return set(dst, v)
		}
		if t == timeType {
			return nil
		}
		return fmt.Errorf("column %s is null", path)
	}, nil
}

func valueSetter(t reflect.Type, path string, have Type) (setter, error) {
	want := fieldOf(t).Type
	switch want.kind {
	case KindStruct:
		if have.kind == KindStruct {
			return structSetter(t, path+".", have.Fields())
		}
	case KindList:
		if have.kind == KindList {
			return listSetter(t, path, have)
		}
	case KindInt32, KindInt64:
		if have.kind == KindInt32 || have.kind == KindInt64 {
			return intSetter(t, path), nil
		}
	case KindFloat32, KindFloat64:
		switch have.kind {
		case KindFloat32, KindFloat64:
			return func(dst reflect.Value, v any) error { f, _ := asFloat(v); dst.SetFloat(f); return nil }, nil
		case KindInt32, KindInt64:
			return wholeSetter(path), nil
		}
	default:
		if have.kind == want.kind {
			return scalarSetter(want.kind), nil
		}
	}
	return nil, fmt.Errorf("column %q is %s, must be %s", path, have, want)
}

func scalarSetter(kind Kind) setter {
	switch kind {
	case KindString:
		return func(dst reflect.Value, v any) error { dst.SetString(v.(string)); return nil }
	case KindBool:
		return func(dst reflect.Value, v any) error { dst.SetBool(v.(bool)); return nil }
	case KindBytes:
		return func(dst reflect.Value, v any) error { dst.SetBytes(v.([]byte)); return nil }
	}
	return func(dst reflect.Value, v any) error { dst.Set(reflect.ValueOf(v.(time.Time))); return nil }
}

func intSetter(t reflect.Type, path string) setter {
	signed := t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64
	return func(dst reflect.Value, v any) error {
		n, _ := asInt(v)
		switch {
		case signed && !dst.OverflowInt(n):
			dst.SetInt(n)
		case !signed && n >= 0 && !dst.OverflowUint(uint64(n)):
			dst.SetUint(uint64(n))
		default:
			return fmt.Errorf("column %s: %d does not fit %s", path, n, t)
		}
		return nil
	}
}

// wholeSetter reads whole numbers as floats, which hold them exactly up to 2^53.
func wholeSetter(path string) setter {
	return func(dst reflect.Value, v any) error {
		n, _ := asInt(v)
		if n > 1<<53 || n < -1<<53 {
			return fmt.Errorf("column %s: %d has no exact float64", path, n)
		}
		dst.SetFloat(float64(n))
		return nil
	}
}

func listSetter(t reflect.Type, path string, have Type) (setter, error) {
	elem, err := setterOf(t.Elem(), path, have.elem().Type)
	if err != nil {
		return nil, err
	}
	return func(dst reflect.Value, v any) error {
		if reflect.TypeOf(v) == t { // a slice of scalars, ours to keep
			if reflect.ValueOf(v).Len() > 0 {
				dst.Set(reflect.ValueOf(v))
			}
			return nil
		}
		if tokens, ok := v.([]int64); ok && narrow(dst, tokens) {
			return nil
		}
		list := unpack(v)
		if len(list) == 0 {
			return nil
		}
		dst.Set(reflect.MakeSlice(t, len(list), len(list)))
		for i, e := range list {
			if err := elem(dst.Index(i), e); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// narrow takes tokens that another program wrote as int64.
func narrow(dst reflect.Value, tokens []int64) bool {
	p, ok := dst.Addr().Interface().(*[]int32)
	if !ok || len(tokens) == 0 {
		return false
	}
	out := make([]int32, len(tokens))
	for i, t := range tokens {
		if t < math.MinInt32 || t > math.MaxInt32 {
			return false
		}
		out[i] = int32(t)
	}
	*p = out
	return true
}
