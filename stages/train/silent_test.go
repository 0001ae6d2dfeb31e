package train

import (
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
)

// A token of the data that the base never learnt is found; one that no row holds does not matter.
func TestSilentTokens(t *testing.T) {
	b := newBench(t)
	d := &data{blocks: []blockData{{tokens: []int32{3, 4, 5, 9, 9}}, {tokens: []int32{5, 6, 7, 8}}}}
	dir := saved(t, b.model, b.weights)
	if got, err := silent(dir, d); err != nil || len(got) > 0 {
		t.Errorf("%v, %v: all tokens have embeddings", got, err)
	}
	width := b.model.Config.Hidden
	weights := clones(t, b.weights)
	tensors.MustMutableFlatData(weights[model.EmbedModule+".weight"], func(flat []float32) {
		for _, id := range []int{5, 9, 20} {
			for i := range width {
				flat[id*width+i] *= 1e-6
			}
		}
	})
	got, err := silent(saved(t, b.model, weights), d)
	if want := []int32{5, 9}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v: want %v", got, err, want)
	}
}
