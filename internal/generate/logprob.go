package generate

import (
	"cmp"
	"math"
	"slices"
)

// Token is a generated or scored token. Logprob and Top are those of the model itself, before any step of sampling.
type Token struct {
	ID      int32
	Logprob float64
	Top     []Candidate // the most likely tokens, best first
}

// Candidate is a token that could have come.
type Candidate struct {
	ID      int32
	Logprob float64
}

// rank gives token id its log-probability and the `top` most likely tokens; of equal ones the lower ids come first.
func rank(logits []float32, id int32, top int) Token {
	norm := logSumExp(logits)
	t := Token{ID: id, Logprob: float64(logits[id]) - norm}
	best := make([]int32, 0, top+1)
	for i, v := range logits {
		if len(best) == top && (top == 0 || v <= logits[best[top-1]]) {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, v, func(b int32, v float32) int {
			if c := cmp.Compare(v, logits[b]); c != 0 {
				return c
			}
			return -1
		})
		best = slices.Insert(best, at, int32(i))
		best = best[:min(len(best), top)]
	}
	for _, b := range best {
		t.Top = append(t.Top, Candidate{ID: b, Logprob: float64(logits[b]) - norm})
	}
	return t
}

func logSumExp(logits []float32) float64 {
	top := float64(slices.Max(logits))
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum)
}
