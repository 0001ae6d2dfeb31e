package optimizer_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/optimizer"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

// driven moves one weight by recorded gradients.
type driven struct {
	optimizer *optimizer.Optimizer
	step      optimizer.Step
}

func drive(t *testing.T, c optimizer.Config, name string, start []float32, dims ...int) *driven {
	t.Helper()
	o, err := optimizer.New(c, []optimizer.Weight{{Name: name, Dims: dims, Decays: true, Rate: 1}}, backendtest.Open(t).Backend)
	if err != nil {
		t.Fatal(err)
	}
	weight := tensors.FromFlatDataAndDimensions(slices.Clone(start), dims...)
	return &driven{o, optimizer.Step{Weights: []*tensors.Tensor{weight}, Kept: o.Begin(), Count: 1}}
}

func (d *driven) move(t *testing.T, grad []float32, lr float64) []float32 {
	t.Helper()
	d.step.Sums = []*tensors.Tensor{tensors.FromFlatDataAndDimensions(slices.Clone(grad), d.step.Weights[0].Shape().Dimensions...)}
	d.step.LR = lr
	if _, err := d.optimizer.Move(d.step); err != nil {
		t.Fatal(err)
	}
	d.step.Done++
	return tensors.MustCopyFlatData[float32](d.step.Weights[0])
}

// furthest is the greatest difference of two lists.
func furthest(a, b []float32) (worst float64) {
	for i := range a {
		worst = max(worst, math.Abs(float64(a[i]-b[i])))
	}
	return worst
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
				o := optimizer.Defaults()
				o.Name, o.WeightDecay, o.Clip, o.Paged = kind, want.Decay, 0, paged
				if kind == "lion" {
					o.Beta2 = 0.99
				}
				w := want.Weights[name]
				d := drive(t, o, name, w.Start, w.Shape...)
				worst := 0.0
				for i, grad := range w.Grads {
					worst = max(worst, furthest(d.move(t, grad, want.LR), steps[i]))
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
	o := optimizer.Config{Name: "adamw8bit", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01} // adamw8bit.json
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
			d := drive(t, o, name, start, info.Shape...)
			p, state := slices.Clone(start), quant.NewState(len(start))
			mean, square := make([]float32, len(start)), make([]float32, len(start))
			for step := 1; step <= 20; step++ {
				grad := float32s(t, f, fmt.Sprintf("%s.grad.%02d", name, step))
				got := d.move(t, grad, 1e-3)
				limit, wanted := 2e-4, fmt.Sprintf("%s.param_nearest.%02d", name, step)
				if len(start) < quant.Small {
					host.StepFloat(p, grad, mean, square, 1e-3, step)
					limit, wanted = 1e-6, fmt.Sprintf("%s.param.%02d", name, step)
				} else {
					host.Step(p, grad, state, 1e-3, step)
					codes := tensors.MustCopyFlatData[uint8](d.step.Kept[0][0])[:len(start)]
					if off := apart(codes, state.Mean); off > len(codes)/100 {
						t.Errorf("step %d: %d codes of the mean differ by more than one from the host's", step, off)
					}
				}
				near := 1e-6
				if backendtest.Name() != "go" {
					near = limit // a value on the border of two codes falls to either side
				}
				if worst := furthest(got, p); worst > near {
					t.Errorf("step %d: weights differ by %.1e from the host's", step, worst)
				}
				if _, ok := f.Info(wanted); !ok {
					continue
				}
				worst := furthest(got, float32s(t, f, wanted))
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

// The state of 8-bit AdamW takes a quarter of AdamW's, but for small tensors; Adafactor's is next to nothing.
func TestStateSizes(t *testing.T) {
	size := func(kind string) int64 {
		o := optimizer.Defaults()
		o.Name = kind
		return drive(t, o, "w", make([]float32, 512*1024), 512, 1024).optimizer.Bytes()
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

// The graph that fettle compile measures takes what a step gives it, whichever rule, in one group or layer by layer.
func TestLargestTakesWhatAStepGives(t *testing.T) {
	weights := []optimizer.Weight{
		{Name: "model.embed_tokens.weight", Dims: []int{8, 4}, Decays: true, Rate: 1},
		{Name: "model.layers.0.q_proj.weight", Dims: []int{64, 128}, Decays: true, Rate: 1},
		{Name: "model.layers.0.norm.weight", Dims: []int{128}, Rate: 2},
		{Name: "model.layers.1.q_proj.weight", Dims: []int{64, 128}, Decays: true, Rate: 1},
	}
	for _, name := range []string{"adamw", "adamw8bit", "adafactor", "lion", "sgd"} {
		for _, paged := range []bool{false, true} {
			o, err := optimizer.New(optimizer.Config{Name: name, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Paged: paged}, weights, backendtest.Open(t).Backend)
			if err != nil {
				t.Fatal(err)
			}
			kept, size, bytes := o.Begin(), int64(0), int64(0)
			for i, w := range weights {
				weight := tensors.FromShape(shapes.Make(dtypes.Float32, w.Dims...))
				size += 2 * int64(weight.Shape().ByteSize())
				for _, k := range kept[i] {
					bytes += int64(k.Shape().ByteSize())
				}
			}
			if o.Bytes() != bytes {
				t.Errorf("%s: %d bytes are kept, want %d", name, o.Bytes(), bytes)
			}
			g, wantKept, wantBeside := o.Largest(), kept, int64(0)
			if paged {
				layer := 2 * int64(4*(64*128+128))
				wantKept, wantBeside = kept[1:3], size-layer
			}
			var want []shapes.Shape
			for _, list := range wantKept {
				for _, k := range list {
					want = append(want, k.Shape())
				}
			}
			got := g.In[len(g.In)-len(want):]
			if !slices.EqualFunc(got, want, shapes.Shape.Equal) || len(g.In) != 3+2*len(wantKept)+len(want) || g.Beside != wantBeside {
				t.Errorf("%s, paged %v: inputs %v, %d bytes beside, want %v at the end, %d bytes", name, paged, g.In, g.Beside, want, wantBeside)
			}
			if _, err := g.Exec.Compile(g.In...); err != nil {
				t.Errorf("%s, paged %v: %v", name, paged, err)
			}
			o.Close()
		}
	}
}
