package train

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model/modeltest"
)

// slope is a small training whose adapter is no longer at its start.
func slope(t *testing.T, mode string, change func(p *program)) (*training, []*tensors.Tensor) {
	t.Helper()
	s := benchShape{layers: 2, hidden: 64, ffn: 96, heads: 4, kv: 2, vocab: 80, rows: 2, length: 70, trained: 1}
	tr := s.bench(t, mode, 4)
	change(tr.program)
	rng := rand.New(rand.NewPCG(1, 2))
	for i, w := range tr.state.weights {
		values := modeltest.Flat(t, w)
		for k := range values {
			values[k] = float32(rng.NormFloat64() * 0.05)
		}
		tr.state.weights[i] = tensors.FromFlatDataAndDimensions(values, w.Shape().Dimensions...)
	}
	batch, err := batchTensors(tr.data.micro([]int{0, 1}, 2), 7)
	if err != nil {
		t.Fatal(err)
	}
	return tr, batch
}

// gradients runs the program's gradients of a batch on other weights: the loss, summed in float64, and the gradients.
func (t *training) slopes(tb testing.TB, batch, weights []*tensors.Tensor) (loss float64, grads [][]float32) {
	tb.Helper()
	var args []*tensors.Tensor
	for _, x := range slices.Concat(batch, weights, t.frozen) {
		clone, err := x.LocalClone()
		if err != nil {
			tb.Fatal(err)
		}
		args = append(args, clone)
	}
	out, err := call(t.program.first, args)
	if err != nil {
		tb.Fatal(err)
	}
	for _, l := range modeltest.Flat(tb, out[1]) {
		loss += float64(l)
	}
	for _, g := range out[2:] {
		grads = append(grads, modeltest.Flat(tb, g))
	}
	return loss, grads
}

// The gradients of an adapter are the slopes of the loss: on a plain and on a packed base, with dropout (the same values are
// dropped again where a layer is computed again), with and without.
func TestAdapterGradientsAreSlopes(t *testing.T) {
	for _, mode := range []string{"lora", "qlora"} {
		for _, remat := range []bool{false, true} {
			for _, rate := range []float64{0, 0.3} {
				t.Run(mode, func(t *testing.T) {
					tr, batch := slope(t, mode, func(p *program) {
						p.remat = remat
						p.adapter.Config.Dropout = rate
					})
					at := tr.state.weights
					_, grads := tr.slopes(t, batch, at)
					direction, want := make([][]float32, len(grads)), 0.0
					rng := rand.New(rand.NewPCG(3, 4))
					for i, g := range grads {
						direction[i] = make([]float32, len(g))
						for k := range g {
							direction[i][k] = float32(rng.NormFloat64())*0.1 + g[k]/10
							want += float64(direction[i][k]) * float64(g[k])
						}
					}
					const h = 2e-3
					step := func(by float32) float64 {
						var moved []*tensors.Tensor
						for i, w := range at {
							values := modeltest.Flat(t, w)
							for k := range values {
								values[k] += by * direction[i][k]
							}
							moved = append(moved, tensors.FromFlatDataAndDimensions(values, w.Shape().Dimensions...))
						}
						loss, _ := tr.slopes(t, batch, moved)
						return loss
					}
					got := (8*(step(h)-step(-h)) - (step(2*h) - step(-2*h))) / (12 * h)
					if math.Abs(got-want) > 1e-3*math.Abs(want)+1e-2 {
						t.Errorf("remat %v, dropout %v: slope %.6g, gradients say %.6g", remat, rate, got, want)
					}
				})
			}
		}
	}
}

// Layers computed again change no gradient, dropout included; bfloat16 stays within its rounding.
func TestWaysToComputeAgree(t *testing.T) {
	for _, mode := range []string{"lora", "qlora"} {
		run := func(remat bool, d dtypes.DType) (float64, [][]float32) {
			tr, batch := slope(t, mode, func(p *program) {
				p.remat, p.compute = remat, d
				p.adapter.Config.Dropout = 0.2
			})
			return tr.slopes(t, batch, tr.state.weights)
		}
		loss, want := run(false, dtypes.Float32)
		for _, c := range []struct {
			name  string
			remat bool
			dtype dtypes.DType
			off   float64
		}{
			{"recomputed", true, dtypes.Float32, 1e-5},
			{"bf16", false, dtypes.BFloat16, 0.05},
			{"bf16, recomputed", true, dtypes.BFloat16, 0.05},
		} {
			got, grads := run(c.remat, c.dtype)
			if math.Abs(got-loss) > c.off*loss {
				t.Errorf("%s, %s: loss %v, want %v", mode, c.name, got, loss)
			}
			for i, g := range grads {
				var d2, n2 float64
				for k := range g {
					d2 += math.Pow(float64(g[k]-want[i][k]), 2)
					n2 += math.Pow(float64(want[i][k]), 2)
				}
				if d2 > c.off*c.off*n2 {
					t.Errorf("%s, %s: gradient %d is off by %.1e of its norm", mode, c.name, i, math.Sqrt(d2/n2))
				}
			}
		}
	}
}

// The losses of a training in bfloat16 stay near those in float32, on plain and packed weights.
func TestBF16Trajectory(t *testing.T) {
	s := benchShape{layers: 2, hidden: 64, ffn: 96, heads: 4, kv: 2, vocab: 80, rows: 2, length: 70, trained: 1}
	for mode, lr := range map[string]float64{"lora": 1e-2, "qlora": 1e-2, "scratch": 1e-3} {
		var losses [2][]float64
		for i, d := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
			tr := s.bench(t, mode, 4)
			tr.program.compute = d
			tr.settings.Optimizer.LR = lr
			for range 20 {
				if err := tr.step(t.Context(), 1, 1<<30); err != nil {
					t.Fatal(err)
				}
			}
			for _, row := range tr.state.history {
				losses[i] = append(losses[i], row.Loss)
			}
		}
		for i, want := range losses[0] {
			if got := losses[1][i]; math.Abs(got-want) > 0.02*want {
				t.Errorf("%s, step %d: loss %.4f, in float32 %.4f", mode, i+1, got, want)
			}
		}
		if first, last := losses[0][0], losses[0][19]; last > 0.95*first {
			t.Errorf("%s: the loss went from %.4f to %.4f only", mode, first, last)
		}
	}
}
