package py

import "slices"

// Sorted is sorted(items, key=key, reverse=reverse): stable; key nil = the item itself.
func Sorted(items []any, reverse bool, key func(any) any) []any {
	type keyed struct{ key, item any }
	all := make([]keyed, len(items))
	for i, v := range items {
		all[i] = keyed{v, v}
		if key != nil {
			all[i].key = key(v)
		}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		if reverse {
			a, b = b, a
		}
		switch {
		case Compare("<", a.key, b.key):
			return -1
		case Compare("<", b.key, a.key):
			return 1
		}
		return 0
	})
	out := make([]any, len(all))
	for i, k := range all {
		out[i] = k.item
	}
	return out
}
