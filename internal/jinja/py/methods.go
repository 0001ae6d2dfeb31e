package py

import "slices"

// unsafe are the methods that change their receiver: the immutable sandbox gives an undefined value that raises when used.
var unsafe = map[string][]string{
	"dict": {"clear", "pop", "popitem", "setdefault", "update"},
	"list": {"append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"},
}

func refuse(kind, name string) (any, bool) {
	if !slices.Contains(unsafe[kind], name) {
		return nil, false
	}
	return &Undefined{Class: "SecurityError", Msg: "access to attribute " + quote(name) + " of " + quote(kind) + " object is unsafe."}, true
}

func dictMethod(d *Dict, name string) (any, bool) {
	var do func(a Args) any
	switch name {
	case "items":
		do = func(a Args) any { a.Bind("items"); return d.Items() }
	case "keys":
		do = func(a Args) any { a.Bind("keys"); return &View{"dict_keys", slices.Clone(List(d.keys))} }
	case "values":
		do = func(a Args) any { a.Bind("values"); return &View{"dict_values", slices.Clone(List(d.vals))} }
	case "get":
		do = d.getMethod
	case "copy":
		do = func(a Args) any { a.Bind("copy"); return d.Clone() }
	case "fromkeys":
		do = fromKeys
	default:
		return refuse("dict", name)
	}
	return &Func{Name: name, Do: do}, true
}

// Items is dict.items().
func (d *Dict) Items() *View {
	items := make(List, len(d.keys))
	for i, k := range d.keys {
		items[i] = Tuple{k, d.vals[i]}
	}
	return &View{"dict_items", items}
}

func (d *Dict) getMethod(a Args) any {
	if len(a.Names) > 0 {
		panic(typeErrorf("dict.get() takes no keyword arguments"))
	}
	b := a.Bind("get", "key", "default?")
	if v, ok := d.Get(b[0]); ok {
		return v
	}
	return Or(b[1], nil)
}

func fromKeys(a Args) any {
	b := a.Bind("fromkeys", "iterable", "value?")
	d := &Dict{}
	for _, k := range Iterate(b[0]) {
		d.Set(k, Or(b[1], nil))
	}
	return d
}

func listMethod(l List, name string) (any, bool) {
	if name == "copy" {
		return &Func{Name: name, Do: func(a Args) any { a.Bind("copy"); return slices.Clone(l) }}, true
	}
	if v, ok := tupleMethod(Tuple(l), name); ok {
		return v, true
	}
	return refuse("list", name)
}

func tupleMethod(t Tuple, name string) (any, bool) {
	switch name {
	case "count":
		return &Func{Name: name, Do: func(a Args) any {
			v, n := a.Bind("count", "value")[0], int64(0)
			for _, x := range t {
				n += asInt(Equal(x, v))
			}
			return n
		}}, true
	case "index":
		return &Func{Name: name, Do: func(a Args) any { return indexOf(t, a) }}, true
	}
	return nil, false
}

func indexOf(items []any, a Args) any {
	b := a.Bind("index", "value", "start?", "stop?")
	r := span(int64(len(items)), Or(b[1], nil), Or(b[2], nil), nil)
	for i := r.Start; i < r.Stop; i++ {
		if Equal(items[i], b[0]) {
			return i
		}
	}
	panic(Errorf("ValueError", "%s is not in list", Repr(b[0])))
}
