package table

import (
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// checkRow compares a row with its schema before anything is written and counts its bytes.
func checkRow(fields []Field, row Row) (size int, err error) {
	if len(row) != len(fields) {
		return 0, fmt.Errorf("row has %d values, the schema %d columns", len(row), len(fields))
	}
	for i := range fields {
		n, err := checkCell(&fields[i], row[i])
		if err != nil {
			return 0, fmt.Errorf("column %s: %w", fields[i].Name, err)
		}
		size += n
	}
	return size, nil
}

func checkCell(f *Field, v any) (size int, err error) {
	if v == nil {
		if !f.Nullable {
			return 0, fmt.Errorf("null, but the column takes none")
		}
		return 1, nil
	}
	switch f.Type.kind {
	case KindString:
		if s, ok := v.(string); ok {
			if !utf8.ValidString(s) {
				return 0, fmt.Errorf("text is not UTF-8")
			}
			return 4 + len(s), nil
		}
	case KindBytes:
		if b, ok := v.([]byte); ok {
			return 4 + len(b), nil
		}
	case KindInt64, KindInt32:
		if n, ok := asInt(v); ok {
			return checkInt(f.Type.kind, n)
		}
	case KindFloat64, KindFloat32:
		if _, ok := asFloat(v); ok {
			return 8, nil
		}
	case KindBool:
		if _, ok := v.(bool); ok {
			return 1, nil
		}
	case KindTimestamp:
		if t, ok := v.(time.Time); ok {
			return checkTime(t)
		}
	case KindStruct:
		if row, ok := v.([]any); ok {
			return checkRow(f.Type.Fields(), row)
		}
	case KindList:
		return checkList(f, v)
	}
	return 0, fmt.Errorf("want %s, got %T", f.Type, v)
}

func checkInt(kind Kind, n int64) (int, error) {
	if kind == KindInt64 {
		return 8, nil
	}
	if n < math.MinInt32 || n > math.MaxInt32 {
		return 0, fmt.Errorf("%d does not fit int32", n)
	}
	return 4, nil
}

// checkTime allows what an int64 of microseconds since 1970 holds exactly.
func checkTime(t time.Time) (int, error) {
	if t.Nanosecond()%1000 != 0 || !time.UnixMicro(t.UnixMicro()).Equal(t) {
		return 0, fmt.Errorf("time %s does not fit microseconds", t.Format(time.RFC3339Nano))
	}
	return 8, nil
}

func checkList(f *Field, v any) (size int, err error) {
	elem := f.Type.elem()
	kind := elem.Type.kind
	switch list := v.(type) {
	case []any:
		for i, e := range list {
			n, err := checkCell(&elem, e)
			if err != nil {
				return 0, fmt.Errorf("element %d: %w", i, err)
			}
			size += n
		}
		return size + 4, nil
	case []int32:
		if kind == KindInt32 || kind == KindInt64 {
			return 4 + 4*len(list), nil
		}
	case []int64:
		if kind == KindInt64 {
			return 4 + 8*len(list), nil
		}
	case []float32:
		if kind == KindFloat32 || kind == KindFloat64 {
			return 4 + 4*len(list), nil
		}
	case []float64:
		if kind == KindFloat64 {
			return 4 + 8*len(list), nil
		}
	case []bool:
		if kind == KindBool {
			return 4 + len(list), nil
		}
	case []string:
		if kind == KindString {
			return checkStrings(list)
		}
	}
	return 0, fmt.Errorf("want %s, got %T", f.Type, v)
}

func checkStrings(list []string) (size int, err error) {
	for i, s := range list {
		if !utf8.ValidString(s) {
			return 0, fmt.Errorf("element %d: text is not UTF-8", i)
		}
		size += 4 + len(s)
	}
	return size + 4, nil
}

func asInt(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case int32:
		return int64(n), true
	case int:
		return int64(n), true
	}
	return 0, false
}

func asFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case float32:
		return float64(n), true
	}
	return 0, false
}

// unpack gives any list that checkList passed as []any.
func unpack(v any) []any {
	switch list := v.(type) {
	case []int32:
		return boxed(list)
	case []int64:
		return boxed(list)
	case []float32:
		return boxed(list)
	case []float64:
		return boxed(list)
	case []bool:
		return boxed(list)
	case []string:
		return boxed(list)
	}
	return v.([]any)
}

func boxed[E any](list []E) []any {
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = e
	}
	return out
}

// packable says whether a list of this type may come as a slice of scalars.
func packable(t Type) bool {
	e := t.elem()
	switch e.Type.kind {
	case KindInt32, KindInt64, KindFloat32, KindFloat64, KindBool, KindString:
		return !e.Nullable
	}
	return false
}
