package model_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
	"fettle/internal/model/modeltest"
	"fettle/internal/shared"
)

// Three documents in one row give what each gives alone: logits, losses and gradients of the reference.
func TestPackedRow(t *testing.T) {
	b := backendtest.Open(t)
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "golden/models/train"), "packing-*.safetensors"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no packing files: %v", err)
	}
	for _, file := range files {
		family := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "packing-"), ".safetensors")
		t.Run(family, func(t *testing.T) {
			m, w := openFamily(t, shared.Path(t, "golden/models/families/"+family), "config.json")
			g := modeltest.Open(t, file)
			var wanted []string
			for _, name := range m.Names() {
				if _, ok := g.Info("grad." + name); ok {
					wanted = append(wanted, name)
				}
			}
			out := modeltest.Run(t, b, w, m.Names(), func(s *model.Scope, in []*graph.Node) []*graph.Node {
				h := m.Hidden(s, model.Batch{Tokens: in[0], Positions: in[1], Segments: in[2]})
				losses := m.TokenLoss(s, h, model.Shift(in[3]))
				count := graph.Scalar(in[0].Graph(), losses.DType(), float32(lossTokens(t, g)))
				var params []*graph.Node
				for _, name := range wanted {
					params = append(params, s.Param(name))
				}
				mean := graph.Div(graph.ReduceAllSum(losses), count)
				return append([]*graph.Node{m.Logits(s, h), losses, mean}, s.Gradient(mean, params...)...)
			}, g.Ints("packed.input_ids"), g.Ints("packed.position_ids"), g.Ints("packed.segment_ids"), g.Ints("packed.labels"))
			check(t, "logits", modeltest.Flat(t, out[0]), g.Floats("logits"), nil, tolerance)
			check(t, "loss_per_position", modeltest.Flat(t, out[1]), g.Floats("loss_per_position"), nil, 2e-5)
			if got, want := float64(modeltest.Flat(t, out[2])[0]), float64(g.Floats("loss_mean")[0]); math.Abs(got-want) > 2e-6*want {
				t.Errorf("loss_mean: got %v, want %v", got, want)
			}
			for i, name := range wanted {
				want := g.Floats("grad." + name)
				check(t, "grad."+name, modeltest.Flat(t, out[3+i]), want, nil, 1e-4*largest(want))
			}
		})
	}
}

func lossTokens(t *testing.T, g modeltest.Golden) int64 {
	t.Helper()
	n, err := g.Int64("loss_tokens")
	if err != nil {
		t.Fatal(err)
	}
	return n[0]
}

// What one document of a row holds does not change a bit of another's logits; rows long enough for several blocks.
func TestSegmentsDoNotLeak(t *testing.T) {
	b := backendtest.Open(t)
	for _, family := range []string{"llama3", "gemma3_text"} {
		m, w := openFamily(t, shared.Path(t, "golden/models/families/"+family), "config.json")
		const seq, border = 200, 90
		run := func(seed int32) []float32 {
			tok, pos, seg := make([]int32, seq), make([]int32, seq), make([]int32, seq)
			for i := range tok {
				tok[i], pos[i], seg[i] = int32(i*7%384), int32(i), 1
				if i < border {
					tok[i] = (tok[i] + seed) % 384
				} else {
					pos[i], seg[i] = int32(i-border), 2
				}
			}
			row := func(v []int32) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(v, 1, seq) }
			out := modeltest.Run(t, b, w, m.Names(), func(s *model.Scope, in []*graph.Node) []*graph.Node {
				return []*graph.Node{m.Logits(s, m.Hidden(s, model.Batch{Tokens: in[0], Positions: in[1], Segments: in[2]}))}
			}, row(tok), row(pos), row(seg))
			return modeltest.Flat(t, out[0])[border*m.Config.Vocab:]
		}
		if diff := cmp.Diff(run(0), run(11)); diff != "" {
			t.Errorf("%s: the second document depends on the first", family)
		}
	}
}
