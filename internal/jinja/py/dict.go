package py

import (
	"math"
	"math/big"
)

// Dict is a Python dict: insertion order, keys equal by Python's rules (1 == 1.0 == True). The zero value is empty and usable.
type Dict struct {
	keys  []any
	vals  []any
	index map[any]int // by hashed key; built when the dict outgrows a scan
}

// scanned is the size up to which a walk over the keys beats a map.
const scanned = 8

// Pairs makes a dict of string keys: name, value, name, value ...
func Pairs(kv ...any) *Dict {
	d := &Dict{}
	for i := 0; i < len(kv); i += 2 {
		d.Set(kv[i], kv[i+1])
	}
	return d
}

// Len is the number of keys.
func (d *Dict) Len() int { return len(d.keys) }

// Keys are the keys in order; not to be changed.
func (d *Dict) Keys() []any { return d.keys }

// At returns the i-th pair.
func (d *Dict) At(i int) (key, value any) { return d.keys[i], d.vals[i] }

// Get looks a key up; an unhashable key raises.
func (d *Dict) Get(key any) (any, bool) {
	if i := d.find(key); i >= 0 {
		return d.vals[i], true
	}
	return nil, false
}

// Set adds or replaces; an unhashable key raises.
func (d *Dict) Set(key, value any) {
	if i := d.find(key); i >= 0 {
		d.vals[i] = value
		return
	}
	if d.index != nil {
		d.index[hash(key)] = len(d.keys)
	}
	d.keys, d.vals = append(d.keys, key), append(d.vals, value)
	if d.index == nil && len(d.keys) > scanned {
		d.index = make(map[any]int, 2*len(d.keys))
		for i, k := range d.keys {
			d.index[hash(k)] = i
		}
	}
}

// Clone is a shallow copy.
func (d *Dict) Clone() *Dict {
	c := &Dict{}
	for i, k := range d.keys {
		c.Set(k, d.vals[i])
	}
	return c
}

func (d *Dict) find(key any) int {
	h := hash(key)
	if d.index != nil {
		if i, ok := d.index[h]; ok {
			return i
		}
		return -1
	}
	for i, k := range d.keys {
		if hash(k) == h {
			return i
		}
	}
	return -1
}

type noneKey struct{}
type undefinedKey struct{}
type bigKey string
type tupleKey string

// hash maps a value to a comparable one such that Python-equal keys coincide.
func hash(v any) any {
	switch v := v.(type) {
	case nil:
		return noneKey{}
	case string, int64, Range:
		return v
	case Markup:
		return string(v)
	case bool:
		return asInt(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<62 {
			return int64(v)
		}
		return v
	case *big.Int:
		return bigKey(v.String())
	case Tuple:
		key := tupleKey(Repr(v)) // first, for it bounds the depth
		for _, x := range v {
			hash(x)
		}
		return key
	case *Undefined:
		return undefinedKey{}
	case List, *Dict:
		panic(typeErrorf("unhashable type: '%s'", TypeName(v)))
	}
	return v // engine objects, functions, views: by identity
}

func asInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
