package train

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

// driven moves one weight by recorded gradients with the stage's own update.
type driven struct {
	p    *program
	s    *state
	name string
}

func drive(t *testing.T, o Optimizer, name string, decays bool, start []float32, dims ...int) *driven {
	t.Helper()
	p := &program{opt: o, backend: backendtest.Open(t).Backend, trainable: []string{name}, decays: []bool{decays}}
	s, err := newState(p, map[string]*tensors.Tensor{name: tensors.FromFlatDataAndDimensions(slices.Clone(start), dims...)}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &driven{p, s, name}
}

func (d *driven) step(t *testing.T, grad []float32, lr float64) []float32 {
	t.Helper()
	tr := &training{settings: Settings{Optimizer: d.p.opt}, program: d.p, state: d.s}
	sum := tensors.FromFlatDataAndDimensions(slices.Clone(grad), d.s.weights[0].Shape().Dimensions...)
	if _, err := tr.update(&window{sums: []*tensors.Tensor{sum}, trained: 1}, lr); err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](d.s.weights[0])
}

// testdata/optimizers.py made the wanted weights with torch and transformers.
func TestOptimizersEqualTheirReferences(t *testing.T) {
	var want struct {
		LR      float64 `json:"lr"`
		Decay   float64 `json:"weight_decay"`
		Weights map[string]struct {
			Shape []int
			Start []float32
			Grads [][]float32
		}
		Runs map[string]map[string][][]float32
	}
	raw, err := os.ReadFile("testdata/optimizers.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Runs) != 4 {
		t.Fatalf("%d optimizers", len(want.Runs))
	}
	for kind, runs := range want.Runs {
		for name, steps := range runs {
			for _, paged := range []bool{false, true} {
				o := defaults().Optimizer
				o.Name, o.WeightDecay, o.Clip, o.Paged = kind, want.Decay, 0, paged
				if kind == "lion" {
					o.Beta2 = 0.99
				}
				w := want.Weights[name]
				d := drive(t, o, name, true, w.Start, w.Shape...)
				worst := 0.0
				for i, grad := range w.Grads {
					for k, got := range d.step(t, grad, want.LR) {
						worst = max(worst, math.Abs(float64(got-steps[i][k])))
					}
				}
				if worst > 1e-6 {
					t.Errorf("%s of a %s (paged: %v): differs by %.1e", kind, name, paged, worst)
				}
				shared.Parity(t, "Optimizers", kind, fmt.Sprintf("8 steps of a %s", name), worst, 1e-6)
				t.Logf("%s of a %s: differs by %.1e", kind, name, worst)
			}
		}
	}
}

// The graph against bitsandbytes' recorded run, and against the same mathematics on the host, bit by bit.
func TestAdamW8BitEqualsBitsandbytes(t *testing.T) {
	f, err := safetensors.Open(shared.Path(t, "golden/models/qlora/adamw8bit.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o := Optimizer{Name: "adamw8bit", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01} // adamw8bit.json
	host := quant.AdamW{Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, WeightDecay: o.WeightDecay}
	cases := 0
	for _, key := range f.Names() {
		name, ok := strings.CutSuffix(key, ".init")
		if !ok {
			continue
		}
		cases++
		t.Run(name, func(t *testing.T) {
			start := float32s(t, f, key)
			info, _ := f.Info(key)
			d := drive(t, o, name, true, start, info.Shape...)
			p, state := slices.Clone(start), quant.NewState(len(start))
			mean, square := make([]float32, len(start)), make([]float32, len(start))
			for step := 1; step <= 20; step++ {
				grad := float32s(t, f, fmt.Sprintf("%s.grad.%02d", name, step))
				got := d.step(t, grad, 1e-3)
				limit, wanted := 2e-4, fmt.Sprintf("%s.param_nearest.%02d", name, step)
				if len(start) < quant.Small {
					host.StepFloat(p, grad, mean, square, 1e-3, step)
					limit, wanted = 1e-6, fmt.Sprintf("%s.param.%02d", name, step)
				} else {
					host.Step(p, grad, state, 1e-3, step)
					codes := tensors.MustCopyFlatData[uint8](d.s.kept[0][0])[:len(start)]
					if off := apart(codes, state.Mean); off > len(codes)/100 {
						t.Errorf("step %d: %d codes of the mean differ by more than one from the host's", step, off)
					}
				}
				near := 1e-6
				if backendtest.Name() != "go" {
					near = limit // a value on the border of two codes falls to either side
				}
				if worst := furthest([][]float32{got}, [][]float32{p}); worst > near {
					t.Errorf("step %d: weights differ by %.1e from the host's", step, worst)
				}
				if _, ok := f.Info(wanted); !ok {
					continue
				}
				worst := furthest([][]float32{got}, [][]float32{float32s(t, f, wanted)})
				if worst > limit {
					t.Errorf("step %d: weights differ by %.1e from bitsandbytes'", step, worst)
				}
				shared.Parity(t, "Optimizers", "adamw8bit", "20 steps of "+name, worst, limit)
				t.Logf("step %d: %.1e from bitsandbytes", step, worst)
			}
		})
	}
	if cases < 2 {
		t.Errorf("%d cases", cases)
	}
}

func float32s(t *testing.T, f *safetensors.File, name string) []float32 {
	t.Helper()
	v, err := f.Float32(name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// apart counts codes that differ by more than one step.
func apart(a, b []byte) (n int) {
	for i := range a {
		if d := int(a[i]) - int(b[i]); d < -1 || d > 1 {
			n++
		}
	}
	return n
}

// Codes of the graph equal those of the host: midpoints, zeros, a partial block.
func TestCodesInTheGraph(t *testing.T) {
	values := make([]float32, 3*quant.Block8)
	for i := range 2 * quant.Block8 {
		values[i] = float32(math.Sin(float64(i)*1.7)) * float32(math.Pow(10, float64(i%9)-7))
	}
	for name, m := range map[string]*quant.Map8{"signed": &quant.Signed, "unsigned": &quant.Unsigned} {
		x := slices.Clone(values)
		for i := 1; i < quant.Block8; i++ { // midpoints of a block whose absmax is 1
			x[i] = (m[i] + m[i-1]) / 2
		}
		x[0] = 1
		e := graph.MustNewExec(backendtest.Open(t).Backend, func(x *graph.Node) []*graph.Node {
			codes, absmax := m.Codes(x)
			return []*graph.Node{codes, absmax, m.Node(codes, absmax)}
		})
		out, err := e.Call(tensors.FromFlatDataAndDimensions(x, 3, quant.Block8))
		if err != nil {
			t.Fatal(err)
		}
		codes, absmax := m.Quantise(x)
		if diff := cmp.Diff(codes, tensors.MustCopyFlatData[uint8](out[0])); diff != "" {
			t.Errorf("%s: codes %s", name, diff)
		}
		if diff := cmp.Diff(absmax, tensors.MustCopyFlatData[float32](out[1])); diff != "" {
			t.Errorf("%s: absmax %s", name, diff)
		}
		if diff := cmp.Diff(m.Dequantise(codes, absmax, quant.Block8), tensors.MustCopyFlatData[float32](out[2])); diff != "" {
			t.Errorf("%s: values %s", name, diff)
		}
	}
}

// A paged state gives the bits of one that is not, for every optimizer; and a resumed training those of a straight one.
func TestPagedAndResumedGiveTheSameBits(t *testing.T) {
	b, d := newBench(t), laid(documents(12), 2, 32)
	for _, kind := range []string{"adamw", "adamw8bit", "adafactor", "lion", "sgd"} {
		begin := func(paged bool) *training {
			return b.start(t, d, "full", func(s *Settings) {
				s.Optimizer.Name, s.Optimizer.Paged, s.Optimizer.WeightDecay, s.Optimizer.LR = kind, paged, 0.01, 1e-3
			})
		}
		straight, paged, first, second := begin(false), begin(true), begin(false), begin(true)
		ctx := t.Context()
		for _, tr := range []*training{straight, paged} {
			if err := tr.run(ctx); err != nil {
				t.Fatal(err)
			}
		}
		want := values(t, straight.state.weights)
		if diff := furthest(want, values(t, paged.state.weights)); diff != 0 {
			t.Errorf("%s paged: weights differ by %v", kind, diff)
		}
		perEpoch, total := first.settings.steps(len(d.blocks))
		for first.state.step < total/2 {
			if err := first.step(ctx, perEpoch, total); err != nil {
				t.Fatal(err)
			}
		}
		if err := first.state.save(first.dir, first.program.trainable); err != nil {
			t.Fatal(err)
		}
		if ok, err := second.state.restore(first.dir, second.program.trainable); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := second.run(ctx); err != nil {
			t.Fatal(err)
		}
		if diff := furthest(want, values(t, second.state.weights)); diff != 0 {
			t.Errorf("%s resumed: weights differ by %v", kind, diff)
		}
	}
}

// The state of 8-bit AdamW takes a quarter of AdamW's, but for small tensors; Adafactor's is next to nothing.
func TestStateSizes(t *testing.T) {
	size := func(kind string) int64 {
		o := defaults().Optimizer
		o.Name = kind
		return drive(t, o, "w", true, make([]float32, 512*1024), 512, 1024).s.bytes()
	}
	got := map[string]int64{}
	for _, kind := range []string{"adamw", "adamw8bit", "adafactor", "lion"} {
		got[kind] = size(kind)
	}
	n := int64(512 * 1024)
	want := map[string]int64{"adamw": 8 * n, "adamw8bit": 2*n + 8*n/256, "adafactor": 4 * (512 + 1024), "lion": 4 * n}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
