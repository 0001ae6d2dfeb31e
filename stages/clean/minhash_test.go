package clean_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/config"
	"fettle/stages/clean"
)

func minhash(t testing.TB, threshold float64) *clean.Minhash {
	op, ok := config.New[clean.Operator]("minhash")
	if !ok {
		t.Fatal("minhash is not registered")
	}
	m := op.(*clean.Minhash)
	m.Threshold = threshold
	return m
}

func TestMinhash(t *testing.T) {
	a := "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
	cases := []struct {
		name string
		in   []row
		want []string
	}{
		{"case and punctuation do not count", texts(a, "ONE, two\nthree four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen!"), []string{"", "near_duplicate"}},
		{"a longer copy", texts(a, a+" seventeen"), []string{"", "near_duplicate"}},
		{"half is not near", texts(a, a+" a b c d e f g h i j k l m n"), []string{"", ""}},
		{"texts shorter than a shingle are never near", texts("too short", "too short", "", "", "你好", "你好"), make([]string, 6)},
		{"Chinese", texts("一切国家机关实行精简的原则，实行工作责任制。", "一切国家机关实行精简的原则,实行工作责任制", "完全不同的一句话放在这里作为对照"), []string{"", "near_duplicate", ""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, reasons(run(t, minhash(t, 0.8), 2, c.in))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

type cluster struct {
	Threshold float64  `json:"threshold"`
	Keep      string   `json:"keep"`
	IDs       []string `json:"ids"`
}

// pairOf is a pair of documents in a fixed order.
func pairOf(a, b string) [2]string { return [2]string{min(a, b), max(a, b)} }

// TestMinhashGolden holds what is dropped against the components computed by brute force. The pairs that were compared
// need not be all, but nothing may be linked that the truth does not link.
func TestMinhashGolden(t *testing.T) {
	type pair struct {
		A       string  `json:"a"`
		B       string  `json:"b"`
		Jaccard float64 `json:"jaccard"`
	}
	truth := map[[2]string]float64{}
	for _, p := range golden[pair](t, "dedup/pairs.jsonl") {
		truth[pairOf(p.A, p.B)] = p.Jaccard
	}
	clusters := golden[cluster](t, "dedup/clusters.jsonl")
	byLang := map[string][]row{}
	for _, d := range golden[goldenDoc](t, "dedup/docs.jsonl") {
		byLang[d.Lang] = append(byLang[d.Lang], row{d.ID, d.Text})
	}
	for _, threshold := range []float64{0.6, 0.7, 0.8, 0.9} {
		t.Run(fmt.Sprint(threshold), func(t *testing.T) {
			dropped := map[string]string{}
			for _, lang := range []string{"en", "zh"} {
				for _, f := range run(t, minhash(t, threshold), 2, byLang[lang]) {
					if f.Reason == "" {
						continue
					}
					dropped[f.ID] = f.Numbers["first"].(string)
					if j, near := truth[pairOf(f.ID, f.Numbers["similar"].(string))]; !near || j < threshold-1e-9 {
						t.Errorf("%s: similar to %v by %v, the truth says %v", f.ID, f.Numbers["similar"], f.Numbers["jaccard"], j)
					}
				}
			}
			total, right := 0, 0
			for _, c := range clusters {
				if c.Threshold != threshold {
					continue
				}
				for _, id := range c.IDs {
					if id != c.Keep {
						total++
						if dropped[id] == c.Keep {
							right++
						}
						if dropped[id] != "" && !slices.Contains(c.IDs, dropped[id]) {
							t.Errorf("%s was put to %s, which is not in its component", id, dropped[id])
						}
						delete(dropped, id)
					}
				}
			}
			if len(dropped) > 0 {
				t.Errorf("dropped without a reason: %v", dropped)
			}
			recall := float64(right) / float64(total)
			t.Logf("recall of components at %v: %.4f of %d", threshold, recall, total)
			if threshold >= 0.8 && recall < 0.97 {
				t.Errorf("recall %.4f, want at least 0.97", recall)
			}
		})
	}
}
