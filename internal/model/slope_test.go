package model_test

import (
	"math"
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
	"fettle/internal/model/modeltest"
	"fettle/internal/shared"
)

// slopes is a loss of weights that can be asked for its value and its gradient.
type slopes struct {
	t           testing.TB
	names       []string
	loss, grads *graph.Exec
	in          []*tensors.Tensor
	weigh       []float64
}

// newSlopes weighs every position's loss by a random number: the loss is their sum.
func newSlopes(t testing.TB, m *model.Model, names []string, remat bool) *slopes {
	b := backendtest.Open(t)
	rows := longRows(m.Config.Vocab)
	rng := rand.New(rand.NewPCG(5, 6))
	s := &slopes{t: t, names: names}
	weigh := make([]float32, rows[0].Shape().Size())
	for i := range weigh {
		weigh[i] = float32(0.5 + rng.Float64())
		s.weigh = append(s.weigh, float64(weigh[i]))
	}
	s.in = append(rows[:4:4], tensors.FromFlatDataAndDimensions(weigh, rows[0].Shape().Dimensions...))
	losses := func(scope *model.Scope, in []*graph.Node) *graph.Node {
		h := m.Hidden(scope, model.Batch{Tokens: in[0], Positions: in[1], Segments: in[2]})
		return m.TokenLoss(scope, h, model.Shift(in[3]))
	}
	build := func(fn func(scope *model.Scope, weights, in []*graph.Node) []*graph.Node) *graph.Exec {
		exec, err := graph.NewExec(b.Backend, func(all []*graph.Node) []*graph.Node {
			nodes := map[string]*graph.Node{}
			for i, name := range names {
				nodes[name] = all[i]
			}
			return fn(&model.Scope{Param: model.ParamsOf(nodes), Remat: remat}, all[:len(names)], all[len(names):])
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(exec.Finalize)
		return exec
	}
	s.loss = build(func(scope *model.Scope, _, in []*graph.Node) []*graph.Node { return []*graph.Node{losses(scope, in)} })
	s.grads = build(func(scope *model.Scope, weights, in []*graph.Node) []*graph.Node {
		return scope.Gradient(graph.ReduceAllSum(graph.Mul(losses(scope, in), in[4])), weights...)
	})
	return s
}

func (s *slopes) call(e *graph.Exec, w model.Weights) []*tensors.Tensor {
	var args []any
	for _, name := range s.names {
		clone, err := w[name].LocalClone() // a tensor belongs to one backend
		if err != nil {
			s.t.Fatal(err)
		}
		args = append(args, clone)
	}
	for _, x := range s.in {
		clone, err := x.LocalClone()
		if err != nil {
			s.t.Fatal(err)
		}
		args = append(args, clone)
	}
	out, err := e.Call(args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// at is the loss, summed in float64.
func (s *slopes) at(w model.Weights) (sum float64) {
	for i, l := range modeltest.Flat(s.t, s.call(s.loss, w)[0]) {
		sum += float64(l) * s.weigh[i]
	}
	return sum
}

// along is the central difference along a direction, of fourth order: what is left of it is h⁴ and rounding.
func (s *slopes) along(w model.Weights, v map[string][]float32, h float64) float64 {
	step := func(by float64) float64 {
		moved := model.Weights{}
		for name, t := range w {
			values := modeltest.Flat(s.t, t)
			for i := range v[name] {
				values[i] += float32(by) * v[name][i]
			}
			moved[name] = tensors.FromFlatDataAndDimensions(values, t.Shape().Dimensions...)
		}
		return s.at(moved)
	}
	return (8*(step(h)-step(-h)) - (step(2*h) - step(-2*h))) / (12 * h)
}

var layerNumber = regexp.MustCompile(`\.\d+\.`)

// The gradients of every kind of weight are the slopes of the loss: grouped heads, biases, softcaps, windows, segments, padding,
// norms, all position encodings, gradients written by hand for attention (probabilities kept and forgotten) and for the head
// (logits in one chunk and in many), layers computed once and again.
func TestGradientsAreSlopes(t *testing.T) {
	tests := []struct {
		family       string
		small, remat bool
	}{
		{"llama", false, false},
		{"llama3", true, true},
		{"mistral", true, false},
		{"qwen2", false, true},
		{"qwen3", true, false},
		{"gemma2", true, true},
		{"gemma2", false, false},
		{"gemma3_text", true, false},
		{"phi3_longrope", false, false},
		{"glm4", true, true},
		{"olmo2", false, false},
	}
	for _, tt := range tests {
		name := tt.family
		if tt.small {
			name += ", in pieces"
		}
		if tt.remat {
			name += ", recomputed"
		}
		t.Run(name, func(t *testing.T) {
			if backendtest.Open(t).Name != "go" && !(tt.small && tt.remat) {
				t.Skip("left out: XLA takes 10 s to compile each; it does those in pieces and recomputed")
			}
			if tt.small {
				defer model.Small()()
			}
			m, w := openFamily(t, shared.Path(t, "golden/models/families/"+tt.family), "config.json")
			names := m.Names()
			s := newSlopes(t, m, names, tt.remat)
			grads := s.call(s.grads, w)
			kinds := map[string][]int{}
			for i, n := range names {
				kind := layerNumber.ReplaceAllString(n, ".")
				kinds[kind] = append(kinds[kind], i)
			}
			rng := rand.New(rand.NewPCG(9, 9))
			for kind, list := range kinds {
				direction, want, scale := map[string][]float32{}, 0.0, 0.0
				for _, i := range list {
					g := modeltest.Flat(t, grads[i])
					v := make([]float32, len(g))
					for k := range v { // half of the way along the gradient, so that the slope is no small one
						v[k] = float32(rng.NormFloat64())
					}
					norm := math.Sqrt(dot(g, g))
					for k := range v {
						v[k] = v[k]/float32(math.Sqrt(float64(len(v)))) + g[k]/float32(max(norm, 1e-12))
					}
					direction[names[i]] = v
					want += dot(g, v)
					scale += norm
				}
				got := s.along(w, direction, 0.005)
				if !(math.Abs(got-want) <= 1e-3*scale+2e-3) {
					t.Errorf("%s: slope %.6g, gradient says %.6g", kind, got, want)
				}
			}
		})
	}
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// Layers computed again give the gradients of layers computed once, to rounding; in pieces as a whole.
func TestRecomputedGradientsAreEqual(t *testing.T) {
	for _, family := range []string{"llama3", "gemma2", "qwen3_moe"} {
		t.Run(family, func(t *testing.T) {
			m, w := openFamily(t, shared.Path(t, "golden/models/families/"+family), "config.json")
			names := m.Names()
			plain := newSlopes(t, m, names, false)
			want := plain.call(plain.grads, w)
			defer model.Small()()
			for i, remat := range []bool{false, true, true} {
				if i == 2 {
					defer model.AsOnGPU()()
				}
				s := newSlopes(t, m, names, remat)
				for i, got := range s.call(s.grads, w) {
					v := modeltest.Flat(t, want[i])
					check(t, names[i], modeltest.Flat(t, got), v, nil, 3e-5*largest(v)+1e-7)
				}
				if a, b := s.at(w), plain.at(w); math.Abs(a-b) > 1e-6*math.Abs(b) {
					t.Errorf("loss %v, want %v", a, b)
				}
			}
		})
	}
}
