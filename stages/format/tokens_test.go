package format

import (
	"testing"

	"fettle/internal/table"
	"fettle/schemas"

	"github.com/google/go-cmp/cmp"
)

func TestTokens(t *testing.T) {
	fields := []table.Field{{Name: "input_ids", Type: table.List(table.Int64)}, {Name: "labels", Type: table.List(table.Int64)}}
	list := func(n ...int64) []any {
		var out []any
		for _, v := range n {
			out = append(out, v)
		}
		return out
	}
	s := &Tokens{IDs: "input_ids", Labels: "labels"}
	tests := []struct {
		name        string
		ids, labels any
		want        []int32 // labels
		reason      string
	}{
		{"as given, but for the first", list(5, 6, 7), list(5, -100, 7), []int32{-100, -100, 7}, ""},
		{"lengths differ", list(5, 6), list(5), nil, "bad_labels"},
		{"another token as label", list(5, 6), list(5, 7), nil, "bad_labels"},
		{"empty", list(), list(), nil, "no_tokens"},
		{"null", nil, nil, nil, "bad_tokens"},
		{"too large", list(1 << 40), list(1 << 40), nil, "bad_tokens"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			ex, err := s.encode(NewRecord(schemas.NewOrigin("s", "f", 1), fields, table.Row{tc.ids, tc.labels}))
			reason := ""
			if b, ok := err.(*Bad); ok {
				reason = b.Reason
			}
			if reason != tc.reason {
				t.Fatalf("%v, want reason %q", err, tc.reason)
			}
			if tc.reason == "" {
				if diff := cmp.Diff(tc.want, ex.labels); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}
