package py_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/jinja/py"
)

// TestJSON: what is read is written as Python's json module would, order and kinds of numbers kept.
func TestJSON(t *testing.T) {
	tests := []struct{ in, want, repr string }{
		{`{"b":1,"a":1.0,"b":2}`, `{"b": 2, "a": 1.0}`, `{'b': 2, 'a': 1.0}`},
		{`[12345678901234567890,1e2,-0.0,null,true]`, `[12345678901234567890, 100.0, -0.0, null, true]`, `[12345678901234567890, 100.0, -0.0, None, True]`},
		{`"é\u2028\"\\\n\u0001"`, "\"é\u2028\\\"\\\\\\n\\u0001\"", `'é\u2028"\\\n\x01'`},
		{`[]`, `[]`, `[]`},
	}
	for _, tc := range tests {
		v, err := py.FromJSON([]byte(tc.in))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, py.ToJSON(v, py.JSONStyle{})); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tc.in, diff)
		}
		if diff := cmp.Diff(tc.repr, py.Repr(v)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tc.in, diff)
		}
	}
	for _, bad := range []string{``, `{`, `[1,]`, `{"a" 1}`, `1 2`, `{"a":1}}`, `nul`} {
		if v, err := py.FromJSON([]byte(bad)); err == nil {
			t.Errorf("%q: read as %s", bad, py.Repr(v))
		}
	}
}

// TestDict: a key is found whatever its kind of number, in small dicts and large ones.
func TestDict(t *testing.T) {
	d := &py.Dict{}
	for i := range int64(40) {
		d.Set(i, i)
		d.Set(float64(i), i+1) // the same key
	}
	d.Set(true, "one")
	d.Set(py.Tuple{int64(1), "a"}, "pair")
	if got, _ := d.Get(1.0); got != "one" || d.Len() != 41 {
		t.Errorf("d[1.0] = %v of %d keys", got, d.Len())
	}
	if got, _ := d.Get(py.Tuple{int64(1), "a"}); got != "pair" {
		t.Errorf("d[(1, 'a')] = %v", got)
	}
	if err := py.Try(func() { d.Get(py.List{}) }); err == nil || err.Class != "TypeError" {
		t.Errorf("a list as key: %v", err)
	}
}
