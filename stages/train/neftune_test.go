package train

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
)

// noiseOf draws the noise of rows [2, 8], the second of which has 3 tokens.
func noiseOf(t *testing.T, alpha float64, seed int64) []float32 {
	t.Helper()
	c := &model.Config{Hidden: 64, EmbedScale: 1}
	e := graph.MustNewExec(backendtest.Open(t).Backend, func(state, segments *graph.Node) *graph.Node {
		noise, _ := neftune(c, alpha, state, segments)
		return noise
	})
	state, err := graph.RNGStateFromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	segments := make([]int32, 16)
	for i := range 11 {
		segments[i] = 1
	}
	out, err := e.Call(state, tensors.FromFlatDataAndDimensions(segments, 2, 8))
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](out[0])
}

// transformers: uniform_(-mag, mag) with mag = alpha/sqrt(L·d), here L = 8 and 3, d = 64.
func TestNEFTuneIsUniformWithinItsBound(t *testing.T) {
	noise := noiseOf(t, 5, 1)
	for row, length := range []float64{8, 3} {
		most, mean, greatest, square := 5/math.Sqrt(length*64), 0.0, 0.0, 0.0
		part := noise[row*8*64 : (row+1)*8*64]
		for _, v := range part {
			mean += float64(v) / float64(len(part))
			square += float64(v) * float64(v) / float64(len(part))
			greatest = max(greatest, math.Abs(float64(v)))
		}
		if greatest > most || greatest < 0.98*most || math.Abs(mean) > 0.1*most || math.Abs(square-most*most/3) > 0.1*most*most {
			t.Errorf("row %d: bound %.4f, largest %.4f, mean %.4f, mean square %.5f", row, most, greatest, mean, square)
		}
	}
	if diff := cmp.Diff(noise, noiseOf(t, 5, 1)); diff != "" {
		t.Error("the same state gives other noise")
	}
	if cmp.Equal(noise, noiseOf(t, 5, 2)) {
		t.Error("another state gives the same noise")
	}
}

func TestNEFTuneChangesTrainingAlone(t *testing.T) {
	b, d := newBench(t), laid(documents(12), 2, 32)
	run := func(alpha float64) *training {
		tr := b.start(t, d, "lora", func(s *Settings) { s.NEFTune, s.LoRA.Dropout = alpha, 0.1 })
		if err := tr.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		tr.held = d
		return tr
	}
	quiet, noisy, again := run(0), run(5), run(5)
	if cmp.Equal(quiet.state.history, noisy.state.history) {
		t.Error("alpha changes nothing")
	}
	if diff := cmp.Diff(noisy.state.history, again.state.history); diff != "" {
		t.Errorf("the same seed gives other losses: %s", diff)
	}
	still := b.start(t, d, "lora", func(s *Settings) {})
	still.held, still.state.weights = d, noisy.state.weights
	one, err1 := noisy.heldLoss(t.Context())
	two, err2 := still.heldLoss(t.Context())
	if one != two || err1 != nil || err2 != nil {
		t.Errorf("held-out loss %v where training has noise, %v without (%v, %v)", one, two, err1, err2)
	}
}

// Where a model scales its embeddings, noise of the same size comes out behind the scaling; no other module gets any.
func TestNoiseComesBehindTheScaling(t *testing.T) {
	e := graph.MustNewExec(backendtest.Open(t).Backend, func(y, noise *graph.Node) []*graph.Node {
		scope := &model.Scope{}
		disturb(scope, &model.Config{EmbedScale: 8}, noise)
		return []*graph.Node{graph.MulScalar(scope.Adapt(model.EmbedModule, y, y), 8), scope.Adapt("model.layers.0.mlp.up_proj", y, y)}
	})
	out, err := e.Call([]float32{1, 2}, []float32{0.5, -0.25})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{8.5, 15.75}, tensors.MustCopyFlatData[float32](out[0])); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float32{1, 2}, tensors.MustCopyFlatData[float32](out[1])); diff != "" {
		t.Error(diff)
	}
}
