package stats_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/shared"
	"fettle/stages/eval/stats"
)

type goldens struct {
	McNemarExact []struct {
		B, C int
		P    float64
	} `json:"mcnemar_exact"`
	BinomTwoSided []struct {
		K, N int
		P0   float64
		P    float64
	} `json:"binom_two_sided"`
	Holm []struct {
		P, Adjusted []float64
	}
	ProportionCI []struct {
		K, N   int
		Alpha  float64
		Wilson [2]float64
	} `json:"proportion_ci"`
	PairedExact []struct {
		Diffs     []float64
		Mean      float64
		N         int         `json:"boot_exhaustive_n"`
		Interval  *[2]float64 `json:"boot_percentile_95_linear"`
		FracLE0   float64     `json:"boot_frac_le_0"`
		SDFormula float64     `json:"boot_sd_formula"`
	} `json:"paired_exact"`
	BootstrapMC struct {
		Values    []float64
		Clusters  []int
		Mean      float64
		IID       [2]float64 `json:"ci95_iid"`
		Cluster   [2]float64 `json:"ci95_cluster"`
		Tolerance float64
	} `json:"bootstrap_mc"`
}

func load(t *testing.T) goldens {
	t.Helper()
	raw, err := os.ReadFile(shared.Path(t, "golden/text/metrics/stats.json"))
	if err != nil {
		t.Fatal(err)
	}
	var g goldens
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func near(got, want, relative float64) bool {
	return math.Abs(got-want) <= relative*math.Abs(want)
}

func TestExactTestsEqualSciPy(t *testing.T) {
	g := load(t)
	for _, c := range g.McNemarExact {
		if got := stats.McNemar(c.B, c.C); !near(got, c.P, 1e-9) {
			t.Errorf("McNemar(%d, %d) = %v, want %v", c.B, c.C, got, c.P)
		}
	}
	for _, c := range g.BinomTwoSided {
		if got := stats.BinomialTwoSided(c.K, c.N); c.P0 == 0.5 && !near(got, c.P, 1e-9) {
			t.Errorf("BinomialTwoSided(%d, %d) = %v, want %v", c.K, c.N, got, c.P)
		}
	}
	for _, c := range g.Holm {
		got := stats.Holm(c.P)
		for i := range got {
			if !near(got[i], c.Adjusted[i], 1e-9) {
				t.Errorf("Holm(%v) = %v, want %v", c.P, got, c.Adjusted)
				break
			}
		}
	}
	for _, c := range g.ProportionCI {
		low, high := stats.Wilson(c.K, c.N, 1-c.Alpha)
		if math.Abs(low-c.Wilson[0]) > 1e-9 || math.Abs(high-c.Wilson[1]) > 1e-9 {
			t.Errorf("Wilson(%d, %d, %v) = %v, %v, want %v", c.K, c.N, 1-c.Alpha, low, high, c.Wilson)
		}
	}
}

func TestBootstrapAgreesWithLongRuns(t *testing.T) {
	mc := load(t).BootstrapMC
	var clusters []string
	for _, c := range mc.Clusters {
		clusters = append(clusters, fmt.Sprint(c))
	}
	for seed := range uint64(5) {
		b := stats.Bootstrap{Resamples: 10_000, Seed: seed}
		for _, tt := range []struct {
			clusters []string
			want     [2]float64
		}{{nil, mc.IID}, {clusters, mc.Cluster}} {
			r := b.Resample(mc.Values, tt.clusters)
			low, high := r.Interval(0.95)
			if math.Abs(r.Mean-mc.Mean) > 1e-12 || math.Abs(low-tt.want[0]) > mc.Tolerance || math.Abs(high-tt.want[1]) > mc.Tolerance {
				t.Errorf("seed %d: mean %v [%v, %v], want %v %v", seed, r.Mean, low, high, mc.Mean, tt.want)
			}
		}
	}
}

// Against all n^n resamples: the interval's ends are atoms of a discrete distribution, so they are met exactly or nearly.
func TestBootstrapAgreesWithExhaustion(t *testing.T) {
	for _, c := range load(t).PairedExact {
		if c.Interval == nil {
			continue
		}
		r := stats.Bootstrap{Resamples: 100_000, Seed: 7}.Resample(c.Diffs, nil)
		low, high := r.Interval(0.95)
		if math.Abs(low-c.Interval[0]) > 0.02 || math.Abs(high-c.Interval[1]) > 0.02 {
			t.Errorf("%v: [%v, %v], want %v", c.Diffs, low, high, *c.Interval)
		}
		want := math.Min(1, 2*math.Min(c.FracLE0, 1))
		if c.Mean > 0 && math.Abs(r.P(0)-want) > 0.01 {
			t.Errorf("%v: p %v, want %v", c.Diffs, r.P(0), want)
		}
	}
}

func TestBootstrapIsDeterministic(t *testing.T) {
	values := []float64{1, 0, 0, -1, 1, 1, 0}
	clusters := []string{"a", "a", "b", "b", "c", "d", "d"}
	one := stats.Bootstrap{Resamples: 500, Seed: 3}.Resample(values, clusters)
	two := stats.Bootstrap{Resamples: 500, Seed: 3}.Resample(values, clusters)
	if diff := cmp.Diff(one, two); diff != "" {
		t.Errorf("same seed, other numbers (-one +two):\n%s", diff)
	}
	low, high := one.Interval(0.95)
	// Pinned: an interval in a report must not move with a compiler or library.
	if want := [2]float64{-0.25, 0.8}; math.Abs(low-want[0]) > 1e-9 || math.Abs(high-want[1]) > 1e-9 {
		t.Errorf("interval [%v, %v], want %v", low, high, want)
	}
	if r := (stats.Bootstrap{Resamples: 10}).Resample(nil, nil); r.P(0) != 1 {
		t.Errorf("no items: p %v, want 1", r.P(0))
	}
}

// A cluster of equal items adds no certainty: the interval is as wide as if each cluster were one item.
func TestClustersWidenTheInterval(t *testing.T) {
	var values []float64
	var clusters []string
	for c := range 30 {
		for range 10 {
			values = append(values, float64(c%2))
			clusters = append(clusters, fmt.Sprint(c))
		}
	}
	b := stats.Bootstrap{Resamples: 4000, Seed: 1}
	l1, h1 := b.Resample(values, nil).Interval(0.95)
	l2, h2 := b.Resample(values, clusters).Interval(0.95)
	if (h2-l2)/(h1-l1) < 2.5 {
		t.Errorf("clustered interval %v wide, items %v: want about sqrt(10) wider", h2-l2, h1-l1)
	}
}

func TestNeededItems(t *testing.T) {
	for _, tt := range []struct {
		difference, discordance float64
		want                    int
	}{{0.05, 0.2, 626}, {-0.05, 0.2, 626}, {0.1, 0.2, 155}, {0.5, 0.1, 9}, {0, 0.2, 0}} {
		if got := stats.NeededItems(tt.difference, tt.discordance); math.Abs(float64(got-tt.want)) > 8 {
			t.Errorf("NeededItems(%v, %v) = %d, want about %d", tt.difference, tt.discordance, got, tt.want)
		}
	}
}

// The first numbers that the reference implementation's demo prints for seed 42, stream 54.
func TestGeneratorIsPCG(t *testing.T) {
	want := []uint32{0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b, 0xcbed606e}
	if diff := cmp.Diff(want, stats.Draw(42, 54, 6)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Without discordant items z is sqrt(n·d/(1-d)); at delta 0 the test is McNemar's without correction, z = (b-c)/sqrt(b+c).
func TestTango(t *testing.T) {
	twoSided := func(z float64) float64 { return math.Erfc(z / math.Sqrt2) }
	for _, tt := range []struct {
		b, c, n int
		delta   float64
		want    float64
	}{
		{0, 0, 3, -0.05, twoSided(math.Sqrt(3 * 0.05 / 0.95))},
		{0, 0, 120, -0.05, twoSided(math.Sqrt(120 * 0.05 / 0.95))},
		{10, 2, 50, 0, twoSided(8 / math.Sqrt(12))},
		{0, 0, 5, 0, 1},
		{0, 0, 0, -0.05, 1},
	} {
		if got := stats.Tango(tt.b, tt.c, tt.n, tt.delta); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("Tango(%d, %d, %d, %v) = %v, want %v", tt.b, tt.c, tt.n, tt.delta, got, tt.want)
		}
	}
}
