package py

import (
	"fmt"
	"maps"
	"slices"
)

// From turns plain Go data (settings, decoded YAML or JSON) into a Python value; map keys are sorted.
func From(v any) (any, error) {
	switch v := v.(type) {
	case int:
		return int64(v), nil
	case uint64:
		return int64(v), nil
	case float32:
		return float64(v), nil
	case nil, bool, int64, float64, string, List, Tuple, *Dict:
		return v, nil
	case []string:
		return strList(v), nil
	case []any:
		list := make(List, len(v))
		for i, x := range v {
			var err error
			if list[i], err = From(x); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		d := &Dict{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			x, err := From(v[k])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			d.Set(k, x)
		}
		return d, nil
	}
	return nil, fmt.Errorf("a %T is no value for a template", v)
}
