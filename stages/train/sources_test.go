package train

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/schemas"
)

// Two seeds, two epochs; b2 was expanded into two examples; the last epoch ended before it came to a1.
func TestSumBySource(t *testing.T) {
	var rows []schemas.RowLoss
	for seed := int64(1); seed <= 2; seed++ {
		rows = append(rows,
			schemas.RowLoss{Seed: seed, Epoch: 0, ID: "a1", Tokens: 10, Loss: 4},
			schemas.RowLoss{Seed: seed, Epoch: 0, ID: "b2.0", Tokens: 30, Loss: 2},
			schemas.RowLoss{Seed: seed, Epoch: 0, ID: "b2.1", Tokens: 10, Loss: 6},
			schemas.RowLoss{Seed: seed, Epoch: 1, ID: "b2.0", Tokens: 30, Loss: float64(seed)})
	}
	want := []schemas.SourceLoss{
		{Source: "manuals", Conversations: 1, Tokens: 10, First: 4},
		{Source: "tickets", Conversations: 1, Tokens: 40, First: 3, Last: 1.5},
	}
	got := sumBySource(rows, map[string]string{"a1": "manuals", "b2": "tickets"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
