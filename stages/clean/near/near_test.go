package near_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/stages/clean/near"
	"fettle/stages/clean/units"
)

func set(rng *rand.Rand, shared []uint64, own int) []uint64 {
	s := slices.Clone(shared)
	for range own {
		s = append(s, rng.Uint64())
	}
	slices.Sort(s)
	return s
}

// TestSketch: the share of equal places estimates the Jaccard similarity without bias, for sets much smaller and much larger
// than the sketch.
func TestSketch(t *testing.T) {
	const places, trials = 160, 60
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct{ common, own int }{{1, 1}, {4, 1}, {16, 4}, {80, 10}, {400, 50}, {1000, 1000}, {3000, 100}} {
		equal := 0
		for range trials {
			var shared []uint64
			for range c.common {
				shared = append(shared, rng.Uint64())
			}
			a, b := make([]uint64, places), make([]uint64, places)
			near.Sketch(set(rng, shared, c.own), 1, a)
			near.Sketch(set(rng, shared, c.own), 1, b)
			for i := range a {
				if a[i] == b[i] {
					equal++
				}
			}
		}
		got, want := float64(equal)/(places*trials), float64(c.common)/float64(c.common+2*c.own)
		// 4 standard errors of independent places, times 2: the places of a set smaller than the sketch hang together
		if tolerance := 8 * math.Sqrt(want*(1-want)/(places*trials)); math.Abs(got-want) > tolerance {
			t.Errorf("%d common and %d own elements: %.4f of the places are equal, want %.4f +- %.4f", c.common, c.own, got, want, tolerance)
		}
	}
}

func TestSketchOfNothing(t *testing.T) {
	out := []uint64{1, 2}
	near.Sketch(nil, 1, out)
	if diff := cmp.Diff([]uint64{math.MaxUint64, math.MaxUint64}, out); diff != "" {
		t.Error(diff)
	}
}

func TestJaccard(t *testing.T) {
	inter, union := near.Jaccard([]uint64{1, 2, 3, 9}, []uint64{2, 3, 4})
	if diff := cmp.Diff([]int{2, 5}, []int{inter, union}); diff != "" {
		t.Error(diff)
	}
}

// TestGroups: components and their first texts do not depend on the order of the bands; 0 and 4 are linked by 2 alone.
func TestGroups(t *testing.T) {
	entries := []near.Entry{{Band: 7, Text: 5}, {Band: 7, Text: 3}, {Band: 9, Text: 3}, {Band: 9, Text: 1}, {Band: 4, Text: 0}, {Band: 4, Text: 2}, {Band: 4, Text: 4}}
	similar := func(a, b int32) (float64, bool, error) { return 0.9, a%2 == b%2 && a+b != 4, nil }
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		g := near.NewGroups(6)
		if err := g.Find(slices.Clone(entries), similar); err != nil {
			t.Fatal(err)
		}
		var first []int
		for i := range 6 {
			first = append(first, g.Of(i).First)
		}
		if diff := cmp.Diff([]int{0, 1, 0, 3, 0, 3}, first); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
		rng.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	}
}

// text is about as long as a row of instruction data: 1,700 characters.
func text(rng *rand.Rand, n int) string {
	var b []byte
	for len(b) < n {
		for range 2 + rng.IntN(7) {
			b = append(b, byte('a'+rng.IntN(26)))
		}
		b = append(b, ' ')
	}
	return string(b)
}

func BenchmarkSignature(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	texts := make([]string, 100)
	for i := range texts {
		texts[i] = text(rng, 1700)
	}
	var u units.Units
	sketch := make([]uint64, 160)
	var shingles, bands []uint64
	b.SetBytes(1700)
	for i := 0; b.Loop(); i++ {
		u.Cut(texts[i%len(texts)], units.KindOf(texts[i%len(texts)]))
		shingles = near.Shingles(&u, 5, shingles)
		near.Sketch(shingles, 1, sketch)
		bands = near.Bands(sketch, 8, bands)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "docs/s")
}
