package model_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
	"fettle/internal/model/modeltest"
	"fettle/internal/shared"
)

// On rows of several blocks the gradients written by hand equal the automatic ones (Remat uses those), with windows,
// softcaps, grouped heads, segments and untrained positions; and selected rows give the losses of all rows.
func TestLongRows(t *testing.T) {
	b := backendtest.Open(t)
	for _, family := range []string{"llama3", "mistral", "gemma2", "gemma3_text", "glm4"} {
		t.Run(family, func(t *testing.T) {
			m, w := openFamily(t, shared.Path(t, "golden/models/families/"+family), "config.json")
			in := longRows(m.Config.Vocab)
			names := m.Names()
			run := func(remat, selected bool) []*tensors.Tensor {
				return modeltest.Run(t, b, w, names, func(s *model.Scope, in []*graph.Node) []*graph.Node {
					s.Remat = remat
					h := m.Hidden(s, model.Batch{Tokens: in[0], Positions: in[1], Segments: in[2]})
					targets := model.Shift(in[3])
					if selected {
						targets = graph.Reshape(graph.Gather(graph.Reshape(targets, targets.Shape().Size()), graph.ExpandAxes(in[4], -1)), in[4].Shape().Size())
						h = model.Select(h, in[4])
					}
					sum := graph.ReduceAllSum(m.TokenLoss(s, h, targets))
					var params []*graph.Node
					for _, name := range names {
						params = append(params, s.Param(name))
					}
					return append(s.Gradient(sum, params...), sum)
				}, in...)
			}
			want := run(true, false)
			for _, selected := range []bool{false, true} {
				got := run(false, selected)
				for i := range want {
					name := "loss"
					if i < len(names) {
						name = names[i]
					}
					w := modeltest.Flat(t, want[i])
					check(t, name, modeltest.Flat(t, got[i]), w, nil, 5e-5*largest(w))
				}
			}
		})
	}
}

// longRows makes two rows of 150 tokens in segments: tokens, positions, segments, labels (a third untrained) and the
// indices of the rows that are trained.
func longRows(vocab int) []*tensors.Tensor {
	const batch, seq = 2, 150
	rng := rand.New(rand.NewPCG(1, 2))
	tok, pos, seg, lab := make([]int32, batch*seq), make([]int32, batch*seq), make([]int32, batch*seq), make([]int32, batch*seq)
	var rows []int32
	for i := range tok {
		at := i % seq
		tok[i], pos[i], seg[i] = int32(rng.IntN(vocab)), int32(at%67), int32(at/67+1)
		if at >= 140 { // padding
			pos[i], seg[i] = 0, 0
		}
		lab[i] = tok[i]
		if at%3 == 0 || at >= 140 || at%67 == 0 {
			lab[i] = model.Untrained
		}
		if i > 0 && at > 0 && lab[i] != model.Untrained {
			rows = append(rows, int32(i-1))
		}
	}
	grid := func(v []int32) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(v, batch, seq) }
	return []*tensors.Tensor{grid(tok), grid(pos), grid(seg), grid(lab), tensors.FromFlatDataAndDimensions(rows, len(rows))}
}

// An adapter sees every projection with the input and output sizes that Linears promises, and the head where it is its own.
func TestAdaptSeesEveryLinear(t *testing.T) {
	b := backendtest.Open(t)
	for _, family := range []string{"llama", "phi3", "glm4", "qwen3_moe"} {
		m, w := openFamily(t, shared.Path(t, "golden/models/families/"+family), "config.json")
		seen := map[string]bool{}
		modeltest.Run(t, b, w, m.Names(), func(s *model.Scope, in []*graph.Node) []*graph.Node {
			sizes := map[string]model.Linear{}
			for _, l := range m.Linears() {
				sizes[l.Module] = l
			}
			s.Adapt = func(module string, x, y *graph.Node) *graph.Node {
				if module == "model.embed_tokens" {
					return y
				}
				l := sizes[module]
				if x.Shape().Dim(-1) != l.In || y.Shape().Dim(-1) != l.Out {
					t.Errorf("%s: %s gets %s -> %s, want %d -> %d", family, module, x.Shape(), y.Shape(), l.In, l.Out)
				}
				seen[module] = true
				return y
			}
			tokens := graph.Zeros(in[0].Graph(), in[0].Shape())
			return []*graph.Node{m.Logits(s, m.Hidden(s, model.Batch{Tokens: tokens}))}
		}, tensors.FromFlatDataAndDimensions([]int32{1, 2, 3}, 1, 3))
		for _, l := range m.Linears() {
			if !seen[l.Module] {
				t.Errorf("%s: no adapter was asked about %s", family, l.Module)
			}
		}
	}
}

// A head with an adapter takes the loss of the adapted logits.
func TestLossThroughAdaptedHead(t *testing.T) {
	b := backendtest.Open(t)
	m, w := openFamily(t, shared.Path(t, "golden/models/families/llama"), "config.json")
	in := longRows(m.Config.Vocab)
	out := modeltest.Run(t, b, w, m.Names(), func(s *model.Scope, in []*graph.Node) []*graph.Node {
		h := m.Hidden(s, model.Batch{Tokens: in[0]})
		targets := model.Shift(in[3])
		plain := m.TokenLoss(s, h, targets)
		s.Adapt = func(module string, x, y *graph.Node) *graph.Node {
			if module != "lm_head" {
				return y
			}
			return graph.Add(y, graph.Zeros(y.Graph(), y.Shape()))
		}
		return []*graph.Node{plain, m.TokenLoss(s, h, targets)}
	}, in...)
	want := modeltest.Flat(t, out[0])
	check(t, "loss", modeltest.Flat(t, out[1]), want, nil, 1e-5*largest(want))
}

// Half-precision computing follows float32 within its rounding (bf16 has 8 bits), gradients included.
func TestComputeBF16(t *testing.T) {
	b := backendtest.Open(t)
	m, w := openFamily(t, shared.Path(t, "golden/models/families/llama3"), "config.json")
	run := func(compute dtypes.DType) []*tensors.Tensor {
		return modeltest.Run(t, b, w, m.Names(), func(s *model.Scope, in []*graph.Node) []*graph.Node {
			s.Compute = compute
			h := m.Hidden(s, model.Batch{Tokens: in[0], Positions: in[1], Segments: in[2]})
			sum := graph.ReduceAllSum(m.TokenLoss(s, h, model.Shift(in[3])))
			return append(s.Gradient(sum, s.Param("model.layers.0.self_attn.q_proj.weight")), sum)
		}, longRows(m.Config.Vocab)...)
	}
	want, got := run(dtypes.Float32), run(dtypes.BFloat16)
	for i, name := range []string{"gradient", "loss"} {
		v := modeltest.Flat(t, want[i])
		check(t, name, modeltest.Flat(t, got[i]), v, nil, 0.1*largest(v))
	}
}

// An adapter inside recomputed layers gets the gradients it gets without recomputing, and equal bits on every run.
func TestAdapterGradients(t *testing.T) {
	b := backendtest.Open(t)
	m, w := openFamily(t, shared.Path(t, "golden/models/families/llama3"), "config.json")
	const rank = 3
	rng := rand.New(rand.NewPCG(3, 4))
	in := longRows(m.Config.Vocab)
	for _, l := range m.Linears() {
		for _, shape := range [][2]int{{rank, l.In}, {l.Out, rank}} {
			values := make([]float32, shape[0]*shape[1])
			for i := range values {
				values[i] = float32(rng.NormFloat64() * 0.1)
			}
			in = append(in, tensors.FromFlatDataAndDimensions(values, shape[0], shape[1]))
		}
	}
	run := func(remat bool) []*tensors.Tensor {
		return modeltest.Run(t, b, w, m.Names(), func(s *model.Scope, in []*graph.Node) []*graph.Node {
			ab, at := in[5:], map[string]int{}
			for i, l := range m.Linears() {
				at[l.Module] = 2 * i
			}
			s.Remat = remat
			s.Adapt = func(module string, x, y *graph.Node) *graph.Node {
				i, ok := at[module]
				if !ok {
					return y
				}
				return graph.Add(y, model.Dense(model.Dense(x, ab[i]), ab[i+1]))
			}
			h := m.Hidden(s, model.Batch{Tokens: in[0], Positions: in[1], Segments: in[2]})
			return s.Gradient(graph.ReduceAllSum(m.TokenLoss(s, h, model.Shift(in[3]))), ab...)
		}, in...)
	}
	want, again, remat := run(false), run(false), run(true)
	for i := range want {
		v := modeltest.Flat(t, want[i])
		check(t, "again", modeltest.Flat(t, again[i]), v, nil, 0)
		check(t, "recomputed", modeltest.Flat(t, remat[i]), v, nil, 5e-5*largest(v))
		if largest(v) == 0 {
			t.Errorf("matrix %d has no gradient", i)
		}
	}
}
