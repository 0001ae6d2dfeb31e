package jinja

import (
	"fettle/internal/jinja/py"
)

type filterFunc func(s *state, v any, a py.Args) any

// filters are all of Jinja2's but random (its outcome is chance), urlize (it makes links of HTML) and pprint.
var filters map[string]filterFunc

func init() { // map and select look filters up again, so the table cannot be a plain variable
	filters = map[string]filterFunc{
		"abs": absFilter, "attr": attrFilter, "batch": batchFilter, "capitalize": textFilter("capitalize", py.Capitalize),
		"center": centerFilter, "count": lengthFilter, "d": defaultFilter, "default": defaultFilter, "dictsort": dictsortFilter,
		"e": escapeFilter, "escape": escapeFilter, "first": firstFilter, "float": floatFilter, "forceescape": forceEscapeFilter,
		"format": formatFilter, "indent": indentFilter, "int": intFilter, "items": itemsFilter, "join": joinFilter, "last": lastFilter,
		"length": lengthFilter, "list": listFilter, "lower": methodFilter("lower"), "map": mapFilter, "max": extremeFilter("max", ">"),
		"min": extremeFilter("min", "<"), "reject": selectFilter("reject", false, false), "rejectattr": selectFilter("rejectattr", true, false),
		"replace": replaceFilter, "reverse": reverseFilter, "round": roundFilter, "safe": safeFilter, "select": selectFilter("select", false, true),
		"selectattr": selectFilter("selectattr", true, true), "slice": sliceFilter, "sort": sortFilter, "string": stringFilter,
		"sum": sumFilter, "title": textFilter("title", titleWords), "tojson": tojsonFilter, "trim": trimFilter, "truncate": truncateFilter,
		"filesizeformat": filesizeformatFilter, "groupby": groupbyFilter, "striptags": striptagsFilter, "urlencode": urlencodeFilter,
		"wordwrap": wordwrapFilter, "xmlattr": xmlattrFilter,
		"unique": uniqueFilter, "upper": methodFilter("upper"), "wordcount": wordcountFilter,
	}
}

func lengthFilter(_ *state, v any, a py.Args) any {
	a.Bind("length")
	return py.Len(v)
}

func defaultFilter(_ *state, v any, a py.Args) any {
	b := a.Bind("default", "default_value?", "boolean?")
	_, undefined := v.(*py.Undefined)
	if undefined || py.Truth(py.Or(b[1], false)) && !py.Truth(v) {
		return py.Or(b[0], "")
	}
	return v
}

func attrFilter(_ *state, v any, a py.Args) any {
	return py.Attribute(v, py.Str(a.Bind("attr", "name")[0]))
}

func listFilter(_ *state, v any, a py.Args) any {
	a.Bind("list")
	return py.List(append([]any{}, py.Iterate(v)...))
}

// itemsFilter gives the pairs of a mapping; of an undefined value none.
func itemsFilter(_ *state, v any, a py.Args) any {
	a.Bind("items")
	switch v := v.(type) {
	case *py.Undefined:
		return py.NewGenerator(nil)
	case *py.Dict:
		return py.NewGenerator(v.Items().Items)
	}
	panic(py.Errorf("TypeError", "Can only get item pairs from a mapping."))
}

func firstFilter(_ *state, v any, a py.Args) any {
	a.Bind("first")
	if g, ok := v.(*py.Generator); ok {
		if item, ok := g.Next(); ok {
			return item
		}
	} else if items := py.Iterate(v); len(items) > 0 {
		return items[0]
	}
	return &py.Undefined{Msg: "No first item, sequence was empty."}
}

func lastFilter(_ *state, v any, a py.Args) any {
	a.Bind("last")
	if !py.HasLen(v) {
		panic(py.Errorf("TypeError", "'%s' object is not reversible", py.TypeName(v)))
	}
	if items := py.Iterate(v); len(items) > 0 {
		return items[len(items)-1]
	}
	return &py.Undefined{Msg: "No last item, sequence was empty."}
}

func tojsonFilter(_ *state, v any, a py.Args) any {
	b := a.Bind("tojson", "ensure_ascii?", "indent?", "separators?", "sort_keys?")
	style := py.JSONStyle{ASCII: py.Truth(py.Or(b[0], false)), SortKeys: py.Truth(py.Or(b[3], false))}
	switch indent := py.Or(b[1], nil).(type) {
	case nil:
	case string:
		style.Multiline, style.Indent = true, indent
	default:
		style.Multiline, style.Indent = true, py.Pad("", py.Int(indent), " ", true, false)
	}
	if sep := py.Or(b[2], nil); sep != nil {
		pair := py.Iterate(sep)
		if len(pair) != 2 {
			panic(py.Errorf("ValueError", "separators must be a pair, not %d items", len(pair)))
		}
		style.Separators = &[2]string{py.String(pair[0]), py.String(pair[1])}
	}
	return py.ToJSON(v, style)
}
