package format

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"fettle/schemas"

	"github.com/google/go-cmp/cmp"
)

func ex(id string, n int) example {
	e := example{id: id}
	for i := range n {
		e.ids = append(e.ids, int32(i+1))
		e.labels = append(e.labels, int32(i+1))
	}
	return e
}

func TestPackIsFirstFitDecreasing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		length := 8 + rng.IntN(60)
		var in []example
		for i := range rng.IntN(80) {
			in = append(in, ex(fmt.Sprint(i), 1+rng.IntN(length)))
		}
		var got [][]string
		for _, b := range pack(in, length) {
			var ids []string
			for _, e := range b {
				ids = append(ids, e.id)
			}
			got = append(got, ids)
		}
		if diff := cmp.Diff(slowPack(in, length), got); diff != "" {
			t.Fatal(diff)
		}
	}
}

// slowPack is the definition, without the tree.
func slowPack(in []example, length int) (blocks [][]string) {
	var free []int
	for n := length; n > 0; n-- {
		for _, e := range in {
			if len(e.ids) != n {
				continue
			}
			at := 0
			for at < len(free) && free[at] < n {
				at++
			}
			if at == len(free) {
				free, blocks = append(free, length), append(blocks, nil)
			}
			free[at] -= n
			blocks[at] = append(blocks[at], e.id)
		}
	}
	return blocks
}

func TestBlock(t *testing.T) {
	a, b := ex("a", 3), ex("b", 2)
	got := block([]example{a, b})
	want := schemas.Block{
		InputIDs:    []int32{1, 2, 3, 1, 2},
		Labels:      []int32{-100, 2, 3, -100, 2}, // no segment's first token: its predictor lies in another conversation
		PositionIDs: []int32{0, 1, 2, 0, 1},
		SegmentIDs:  []int32{1, 1, 1, 2, 2},
		Segments:    []schemas.Segment{{ID: "a", Start: 0, End: 3}, {ID: "b", Start: 3, End: 5}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestShuffleDoesNotDependOnTheOthers(t *testing.T) {
	all := []example{ex("a", 1), ex("b", 1), ex("c", 1), ex("d", 1)}
	some := []example{all[3], all[1], all[0]}
	shuffle(all, "s")
	shuffle(some, "s")
	var rest []string
	for _, e := range all {
		if e.id != "c" {
			rest = append(rest, e.id)
		}
	}
	for i, e := range some {
		if e.id != rest[i] {
			t.Errorf("place %d: %s, want %s", i, e.id, rest[i])
		}
	}
}
