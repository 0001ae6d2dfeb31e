package table

import (
	"errors"
	"fmt"
	"io"
)

// record is a parsed record of a text file.
type record struct {
	object *object
	line   int64  // where it starts
	raw    []byte // its text, good until the next one is read
	list   bool   // a JSON list instead of an object
}

// records reads a text format: io.EOF at the end, a *RowError for a record that is left out.
type records interface {
	read() (record, error)
	at() int64 // line where the record read last starts, also of one that is left out
}

// textFile is a table in a text format. Its schema is declared, or decided over all rows.
type textFile struct {
	path, squeeze string
	parse         func(r io.Reader, path string) (records, error)
	schema        *Schema
	rows          int64
	loose         bool  // decided, not declared: text columns take any value as JSON text
	lists         *bool // whether every record is a list; nil = not looked yet
}

func openTextTable(path string, declared *Schema, parse func(io.Reader, string) (records, error)) (decoder, error) {
	_, squeeze, err := codecOf(path)
	if err != nil {
		return nil, err
	}
	f := &textFile{path: path, squeeze: squeeze, parse: parse, schema: declared, rows: -1}
	if declared != nil {
		c, err := f.start()
		if err != nil {
			return nil, err
		}
		return f, c.close()
	}
	return f, f.decide()
}

// decide reads the file once and settles the schema.
func (f *textFile) decide() error {
	c, err := f.start()
	if err != nil {
		return err
	}
	defer c.close()
	all, lists := &shape{}, &shape{}
	if h, ok := c.records.(interface{ header() []string }); ok {
		all.names = append(all.names, h.header()...) // columns of a file without rows
		all.fields, all.seen = map[string]*shape{}, map[string]int{}
		for _, name := range all.names {
			all.fields[name] = &shape{cellText: true}
		}
	}
	err = c.each(func(r record) bool {
		if r.list {
			lists.object(r.object)
		} else {
			all.object(r.object)
		}
		return true
	})
	if err != nil {
		return err
	}
	only := lists.objects > 0 && all.objects == 0
	if f.lists = &only; only {
		all = lists
	}
	f.rows = int64(all.objects)
	if all.keysAreData {
		return fmt.Errorf("more than %d different columns", maxKeys)
	}
	f.loose, f.schema = true, (&resolver{}).schema(all)
	return nil
}

// onlyLists is whether a list is a row (see jsonLines), for which a file of a declared schema is read up to an object.
func (f *textFile) onlyLists() (bool, error) {
	if f.lists == nil {
		c, err := f.start()
		if err != nil {
			return false, err
		}
		defer c.close()
		only := true
		if err := c.each(func(r record) bool { only = r.list; return only }); err != nil {
			return false, err
		}
		f.lists = &only
	}
	return *f.lists, nil
}

func (f *textFile) start() (*textCursor, error) {
	r, done, err := openText(f.path, f.squeeze)
	if err != nil {
		return nil, err
	}
	records, err := f.parse(r, f.path)
	if err != nil {
		done()
		return nil, err
	}
	return &textCursor{file: f, records: records, done: done}, nil
}

func (f *textFile) Schema() *Schema { return f.schema }
func (f *textFile) NumRows() int64  { return f.rows }
func (f *textFile) Close() error    { return nil }

func (f *textFile) cursor(columns []int, _ bool) (cursor, error) {
	c, err := f.start()
	if err != nil {
		return nil, err
	}
	c.columns = columns
	return c, nil
}

type textCursor struct {
	file    *textFile
	records records
	done    func() error
	columns []int
}

// each reads the records that can be read, until do has enough.
func (c *textCursor) each(do func(record) bool) error {
	for {
		r, err := c.records.read()
		switch {
		case err == io.EOF:
			return nil
		case isRowError(err): // comes again with the rows
		case err != nil:
			return err
		case !do(r):
			return nil
		}
	}
}

func (c *textCursor) at() int64 { return c.records.at() }

func (c *textCursor) next() (Row, error) {
	r, err := c.records.read()
	if err != nil {
		return nil, err
	}
	if r.list {
		only, err := c.file.onlyLists()
		if err != nil {
			return nil, err
		}
		if !only {
			return nil, c.fault(r, "a list, and other rows are objects")
		}
	}
	row := make(Row, len(c.columns))
	for i, at := range c.columns {
		f := &c.file.schema.Fields[at]
		if row[i], err = fit(r.object, f, f.Name, c.file.loose); err != nil {
			return nil, c.fault(r, err.Error())
		}
	}
	return row, nil
}

func (c *textCursor) fault(r record, reason string) error {
	return &RowError{File: c.file.path, Line: r.line, Reason: reason, Raw: excerpt(r.raw)}
}

func (c *textCursor) close() error {
	if c.done == nil {
		return nil
	}
	done := c.done
	c.done = nil
	return done()
}

// fit takes a field out of an object.
func fit(o *object, f *Field, path string, loose bool) (any, error) {
	v, ok := o.get(f.Name)
	if !ok {
		if f.Nullable {
			return nil, nil
		}
		return nil, fmt.Errorf("no column %q", path)
	}
	return fitValue(v, f, path, loose)
}

var errMismatch = errors.New("wrong type")

func fitValue(v any, f *Field, path string, loose bool) (any, error) {
	if v == nil {
		if f.Nullable {
			return nil, nil
		}
		return nil, fmt.Errorf("column %s is null", path)
	}
	switch f.Type.kind {
	case KindList:
		if list, ok := v.([]any); ok {
			return fitList(list, f, path, loose)
		}
	case KindStruct:
		if o, ok := v.(*object); ok {
			row := make(Row, len(f.Type.Fields()))
			for i := range row {
				var err error
				in := &f.Type.Fields()[i]
				if row[i], err = fit(o, in, path+"."+in.Name, loose); err != nil {
					return nil, err
				}
			}
			return row, nil
		}
	default:
		out, err := fitScalar(v, f, loose)
		if err == nil {
			return out, nil
		}
		if err != errMismatch {
			return nil, fmt.Errorf("column %s: %w", path, err)
		}
	}
	return nil, fmt.Errorf("column %s is %s, must be %s", path, kindOf(v), f.Type)
}

func fitList(list []any, f *Field, path string, loose bool) (any, error) {
	elem := f.Type.elem()
	out := make([]any, len(list))
	for i, e := range list {
		var err error
		if out[i], err = fitValue(e, &elem, path, loose); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func kindOf(v any) string {
	switch v := v.(type) {
	case bool:
		return "a boolean"
	case number:
		return "the number " + string(v)
	case []any:
		return "a list"
	case *object:
		return "an object"
	}
	return fmt.Sprintf("the text %.40q", fmt.Sprint(v))
}
