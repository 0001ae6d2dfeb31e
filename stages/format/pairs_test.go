package format

import (
	"testing"

	"fettle/internal/table"
	"fettle/schemas"

	"github.com/google/go-cmp/cmp"
)

func tokenPair(t *testing.T, columns ...[]int64) (example, error) {
	t.Helper()
	var row table.Row
	for _, c := range columns {
		var list []any
		for _, n := range c {
			list = append(list, n)
		}
		row = append(row, list)
	}
	fields := []table.Field{{Name: "chosen_input_ids", Type: table.List(table.Int64)}, {Name: "chosen_labels", Type: table.List(table.Int64)},
		{Name: "rejected_input_ids", Type: table.List(table.Int64)}, {Name: "rejected_labels", Type: table.List(table.Int64)}}
	s := &TokenPairs{Chosen: "chosen_input_ids", ChosenLabels: "chosen_labels", Rejected: "rejected_input_ids", RejectedLabels: "rejected_labels"}
	return s.encode(NewRecord(schemas.NewOrigin("s", "f", 1), fields, row))
}

// A pair is one example of two conversations: in a block they are two segments side by side, each with its own positions.
func TestTokenPairsInABlock(t *testing.T) {
	ex, err := tokenPair(t, []int64{5, 6, 7, 2}, []int64{-100, -100, 7, 2}, []int64{5, 6, 8}, []int64{-100, -100, 8})
	if err != nil {
		t.Fatal(err)
	}
	got := block([]example{ex, {id: "plain", ids: []int32{9, 9}, labels: []int32{9, 9}}})
	id := schemas.NewOrigin("s", "f", 1).ID
	want := schemas.Block{
		InputIDs:    []int32{5, 6, 7, 2, 5, 6, 8, 9, 9},
		Labels:      []int32{-100, -100, 7, 2, -100, -100, 8, -100, 9},
		PositionIDs: []int32{0, 1, 2, 3, 0, 1, 2, 0, 1},
		SegmentIDs:  []int32{1, 1, 1, 1, 2, 2, 2, 3, 3},
		Segments: []schemas.Segment{{ID: shortHash(id, "chosen"), Start: 0, End: 4, Side: "chosen"}, {ID: shortHash(id, "rejected"), Start: 4, End: 7, Side: "rejected"},
			{ID: "plain", Start: 7, End: 9}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := tokenPair(t, []int64{5, 6}, []int64{-100, -100}, []int64{5, 7}, []int64{-100, 7}); err == nil || err.(*Bad).Reason != "empty_answer" {
		t.Errorf("an answer without a label: %v", err)
	}
}

// Of a pair that is too long the longer answer gives first; what is left of each ends where it was cut.
func TestCut(t *testing.T) {
	run := func(a, b, length int) (int, int, bool) {
		long := func(n int) example {
			return example{id: "x", ids: make([]int32, n), labels: make([]int32, n)}
		}
		e := joined(long(a), long(b), "chosen", "rejected").cut(length)
		if len(e.ids) > length || len(e.ids) != len(e.labels) || e.parts[1].End != int32(len(e.ids)) {
			t.Fatalf("cut to %d tokens, parts %v", len(e.ids), e.parts)
		}
		return int(e.parts[0].End), int(e.parts[1].End - e.parts[1].Start), e.learns()
	}
	for _, tc := range []struct{ a, b, length, wantA, wantB int }{
		{20, 5, 16, 11, 5}, {5, 20, 16, 5, 11}, {20, 20, 16, 8, 8}, {9, 8, 16, 8, 8}, {30, 20, 17, 8, 9},
	} {
		a, b, learns := run(tc.a, tc.b, tc.length)
		if a != tc.wantA || b != tc.wantB || !learns {
			t.Errorf("%d and %d in %d: %d and %d, want %d and %d", tc.a, tc.b, tc.length, a, b, tc.wantA, tc.wantB)
		}
	}
	none := joined(example{ids: []int32{1, 2}, labels: []int32{1, -100}}, example{ids: []int32{1, 2}, labels: []int32{-100, 2}}, "chosen", "rejected")
	if none.learns() {
		t.Error("a first token is learnt")
	}
}
