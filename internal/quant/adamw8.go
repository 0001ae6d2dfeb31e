package quant

import "math"

// Small is the number of weights below which bitsandbytes keeps an optimizer's state in float32.
const Small = 4096

// AdamW is AdamW (Loshchilov & Hutter, arXiv:1711.05101) whose state lies in 8 bits, block by block (arXiv:2110.02861), on
// the host. As in bitsandbytes the weights move by the new state before it is rounded.
type AdamW struct{ Beta1, Beta2, Eps, WeightDecay float64 }

// State is what AdamW keeps of one tensor: the mean in the signed map, the mean square in the unsigned one.
type State struct {
	Mean, Square       []byte
	MeanMax, SquareMax []float32 // absmax of each block of 256
}

// NewState is the state before the first step of n weights.
func NewState(n int) *State {
	s := &State{Mean: make([]byte, n), Square: make([]byte, n), MeanMax: make([]float32, blocks(n, Block8)), SquareMax: make([]float32, blocks(n, Block8))}
	for i := range s.Mean {
		s.Mean[i], s.Square[i] = Signed.nearest(0), Unsigned.nearest(0)
	}
	return s
}

// Step does step number `step` (from 1): decay first, p *= 1 - lr·decay, then p -= lr·sqrt(c2)/c1 · m/(sqrt(v) + eps·sqrt(c2)).
func (o AdamW) Step(p, grad []float32, s *State, lr float64, step int) {
	c := o.constants(lr, step)
	var mean, square [Block8]float32
	for b := range s.MeanMax {
		from, to := b*Block8, min((b+1)*Block8, len(p))
		for i := from; i < to; i++ {
			m, v := Signed[s.Mean[i]]*s.MeanMax[b], Unsigned[s.Square[i]]*s.SquareMax[b]
			mean[i-from], square[i-from] = c.update(&p[i], grad[i], m, v)
		}
		s.MeanMax[b] = Signed.block(s.Mean[from:to], mean[:to-from])
		s.SquareMax[b] = Unsigned.block(s.Square[from:to], square[:to-from])
	}
}

// StepFloat is Step with the state in float32.
func (o AdamW) StepFloat(p, grad, mean, square []float32, lr float64, step int) {
	c := o.constants(lr, step)
	for i := range p {
		mean[i], square[i] = c.update(&p[i], grad[i], mean[i], square[i])
	}
}

// constants of one step.
type constants struct{ beta1, rest1, beta2, rest2, eps, keep, rate float32 }

func (o AdamW) constants(lr float64, step int) constants {
	n := float64(step)
	root := math.Sqrt(1 - math.Pow(o.Beta2, n))
	return constants{
		beta1: float32(o.Beta1), rest1: float32(1 - o.Beta1), beta2: float32(o.Beta2), rest2: float32(1 - o.Beta2),
		eps: float32(o.Eps * root), keep: float32(1 - lr*o.WeightDecay), rate: float32(lr * root / (1 - math.Pow(o.Beta1, n))),
	}
}

func (c constants) update(p *float32, g, m, v float32) (mean, square float32) {
	mean = m*c.beta1 + c.rest1*g
	square = v*c.beta2 + c.rest2*g*g
	*p = *p*c.keep - c.rate*(mean/(float32(math.Sqrt(float64(square)))+c.eps))
	return mean, square
}

// block codes one block and returns its absmax.
func (m *Map8) block(codes []byte, values []float32) float32 {
	c, absmax := m.Quantise(values)
	copy(codes, c)
	return absmax[0]
}
