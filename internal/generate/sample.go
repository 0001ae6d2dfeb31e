package generate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Sampling draws tokens instead of taking the most likely one. Zero values switch a step off; the steps come in the order
// of transformers: repetition penalty, temperature, top-k, top-p, min-p.
type Sampling struct {
	Temperature       float64
	TopK              int
	TopP              float64
	MinP              float64
	RepetitionPenalty float64
	Seed              uint64
}

// Probs gives the probability of every token: logits of the next token, history the ids before it.
func (s Sampling) Probs(logits []float32, history []int32) []float64 {
	scores := make([]float64, len(logits))
	for i, v := range logits {
		scores[i] = float64(v)
	}
	s.penalize(scores, history)
	if s.Temperature > 0 {
		for i := range scores {
			scores[i] /= s.Temperature
		}
	}
	if s.TopK > 0 {
		topK(scores, s.TopK)
	}
	if s.TopP > 0 && s.TopP < 1 {
		topP(scores, s.TopP)
	}
	probs := softmax(scores)
	if s.MinP > 0 {
		least := s.MinP * slices.Max(probs)
		for i, p := range probs {
			if p < least {
				scores[i] = math.Inf(-1)
			}
		}
		probs = softmax(scores)
	}
	return probs
}

// penalize makes ids that were there before less likely, whatever the sign of their score.
func (s Sampling) penalize(scores []float64, history []int32) {
	if s.RepetitionPenalty == 0 || s.RepetitionPenalty == 1 {
		return
	}
	seen := map[int32]bool{}
	for _, id := range history {
		switch {
		case seen[id]:
		case scores[id] < 0:
			scores[id] *= s.RepetitionPenalty
		default:
			scores[id] /= s.RepetitionPenalty
		}
		seen[id] = true
	}
}

// topK keeps the k best scores and whatever equals the last of them.
func topK(scores []float64, k int) {
	if k >= len(scores) {
		return
	}
	sorted := slices.Clone(scores)
	slices.Sort(sorted)
	last := sorted[len(sorted)-k]
	for i, v := range scores {
		if v < last {
			scores[i] = math.Inf(-1)
		}
	}
}

// topP drops the least likely tokens while all dropped together have at most 1 - p; of equal ones the lower ids go first (a
// stable sort; torch.sort leaves their order open), and the best always stays.
func topP(scores []float64, p float64) {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	probs := softmax(scores)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(probs[a], probs[b]) })
	var sum float64
	for _, i := range order[:len(order)-1] {
		if sum += probs[i]; sum > 1-p {
			break
		}
		scores[i] = math.Inf(-1)
	}
}

func softmax(scores []float64) []float64 {
	top, sum := slices.Max(scores), 0.0
	probs := make([]float64, len(scores))
	for i, v := range scores {
		probs[i] = math.Exp(v - top)
		sum += probs[i]
	}
	for i := range probs {
		probs[i] /= sum
	}
	return probs
}

// draw picks a token. The n-th token of a row depends on its own logits, ids and seed only, not on what runs beside it.
func (s Sampling) draw(logits []float32, history []int32) int32 {
	probs := s.Probs(logits, history)
	x := rand.New(rand.NewPCG(s.Seed, uint64(len(history)))).Float64()
	last := 0
	for i, p := range probs {
		if p == 0 {
			continue
		}
		last = i
		if x -= p; x < 0 {
			break
		}
	}
	return int32(last)
}
