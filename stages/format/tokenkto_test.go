package format

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/table"
	"fettle/schemas"
)

// Every prompt is joined with the answer of the row before it in its group; what a row lacks is told with its reason.
func TestTokenKTO(t *testing.T) {
	shape := &TokenKTO{Tokens: Tokens{IDs: "input_ids", Labels: "labels"}, Label: "label", Rotate: 2}
	fields := []table.Field{{Name: "input_ids", Type: table.List(table.Int64)}, {Name: "labels", Type: table.List(table.Int64)}, {Name: "label", Type: table.Bool}}
	row := func(n int64, label any, labels ...any) *Record {
		ids := []any{10 * n, 10*n + 1, 10*n + 2}
		if labels == nil {
			labels = []any{int64(-100), int64(-100), 10*n + 2}
		}
		return NewRecord(schemas.NewOrigin("s", "f", n), fields, table.Row{ids, labels, label})
	}
	var window []schemas.Conversation
	var ready [][]example
	for n, label := range []bool{true, false, true} {
		r := row(int64(n+1), label)
		for c, err := range shape.Convert(r, 0) {
			if err != nil {
				t.Fatal(err)
			}
			window = append(window, c)
		}
		ex, err := shape.encode(r)
		if err != nil {
			t.Fatal(err)
		}
		ready = append(ready, []example{ex})
	}
	window, err := mismatch(window, shape.rotation())
	if err != nil {
		t.Fatal(err)
	}
	var got [][]int32
	for i, e := range mismatched(ready, window, shape.rotation()) {
		got = append(got, e[0].ids)
		if p := e[0].parts; p[0].Side != window[2*i].Side || p[1].Side != schemas.Mismatched || p[0].ID != window[2*i].ID || p[1].ID != window[2*i+1].ID {
			t.Errorf("parts %+v", p)
		}
	}
	// The group of one at the end joins the one before: all three pass their answers on.
	want := [][]int32{{10, 11, 12, 10, 11, 32}, {20, 21, 22, 20, 21, 12}, {30, 31, 32, 30, 31, 22}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for reason, r := range map[string]*Record{
		"bad_label":    row(1, nil),
		"empty_answer": row(1, true, int64(-100), int64(-100), int64(-100)),
		"no_prompt":    row(1, true, int64(10), int64(11), int64(12)),
		"bad_labels":   row(1, true, int64(-100), int64(9), int64(9)),
	} {
		for _, err := range shape.Convert(r, 0) {
			if b, ok := err.(*Bad); !ok || b.Reason != reason {
				t.Errorf("%v, want %s", err, reason)
			}
		}
	}
}
