package train

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/backend"
	"fettle/internal/backend/backendtest"
	"fettle/internal/config"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/optimizer"
	"fettle/internal/progress"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
	"fettle/schemas"
)

// dpoTrajectory is a run of TRL's DPO loss in a plain loop (golden/models/README.md).
type dpoTrajectory struct {
	trajectory
	Hyper struct {
		Base     string     `json:"base"`
		Loss     string     `json:"loss"`
		Beta     float64    `json:"beta"`
		LR       float64    `json:"lr"`
		Betas    [2]float64 `json:"betas"`
		Eps      float64    `json:"eps"`
		Decay    float64    `json:"weight_decay"`
		Clip     float64    `json:"max_grad_norm"`
		Schedule string     `json:"schedule"`
		Warmup   int        `json:"warmup_steps"`
		Steps    int        `json:"steps"`
	} `json:"hyper"`
	Log []struct {
		Loss     float64 `json:"loss"`
		GradNorm float64 `json:"grad_norm"`
		LR       float64 `json:"lr"`
		Chosen   float64 `json:"rewards_chosen"`
		Rejected float64 `json:"rewards_rejected"`
		Margin   float64 `json:"rewards_margin"`
		Accuracy float64 `json:"accuracy"`
	} `json:"log"`
}

func TestDPORunsEqualTheReference(t *testing.T) {
	root := shared.Path(t, "golden/models")
	folders, err := filepath.Glob(filepath.Join(root, "train", "dpo-*"))
	if err != nil || len(folders) == 0 {
		t.Fatal("no run of DPO", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(folder, "trajectory.json"))
			if err != nil {
				t.Fatal(err)
			}
			var want dpoTrajectory
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(raw, &want.trajectory); err != nil {
				t.Fatal(err)
			}
			got, golden := followDPO(t, root, folder, want)
			compareReference(t, got, golden)
			compareDPO(t, want, got)
			compareWeights(t, want.trajectory, got, filepath.Join(folder, "final.safetensors"))
		})
	}
}

// pairBlocks makes a block of every pair of the recorded batches: the first half of a batch's rows is chosen.
func pairBlocks(t *testing.T, f *safetensors.File) (d *data, rows int, ref []float32) {
	t.Helper()
	d = &data{}
	for n := 0; ; n++ {
		name := fmt.Sprintf("batch%d.", n)
		info, ok := f.Info(name + "input_ids")
		if !ok {
			return d, rows, ref
		}
		ids, err1 := f.Int64(name + "input_ids")
		mask, err2 := f.Int64(name + "attention_mask")
		answer, err3 := f.Int64(name + "completion_mask")
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		rows = info.Shape[0] / 2
		width := info.Shape[1]
		logps := numbers(t, f, name+"ref_sequence_logps")
		for r := range rows {
			var b blockData
			for _, row := range []int{r, rows + r} {
				start, side := int32(len(b.tokens)), schemas.Chosen
				if row >= rows {
					side = schemas.Rejected
				}
				for at := row * width; at < (row+1)*width; at++ {
					if mask[at] == 0 {
						continue
					}
					label := int32(schemas.Untrained)
					if answer[at] == 1 {
						label = int32(ids[at])
					}
					b.tokens, b.labels = append(b.tokens, int32(ids[at])), append(b.labels, label)
				}
				b.segments = append(b.segments, segment{conversation: int32(len(d.ids)), start: start, end: int32(len(b.tokens)), side: side})
				d.ids = append(d.ids, fmt.Sprintf("%d.%s", len(d.blocks), side))
				ref = append(ref, logps[row])
			}
			d.blocks = append(d.blocks, b)
		}
	}
}

func followDPO(t *testing.T, root, folder string, want dpoTrajectory) (*training, []float32) {
	t.Helper()
	h := want.Hyper
	dir := filepath.Join(root, h.Base)
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	set := &quant.Set{}
	weights, err := m.LoadWith(model.Loader{Formats: set.Formats(nil)}, dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(filepath.Join(folder, "golden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, rows, ref := pairBlocks(t, f)
	s := defaults()
	s.Shuffle, s.Batch = false, Batch{Rows: rows, Accumulate: 1}
	s.Epochs, s.MaxSteps = h.Steps, h.Steps
	s.Optimizer = optimizer.Config{LR: h.LR, Beta1: h.Betas[0], Beta2: h.Betas[1], Eps: h.Eps, WeightDecay: h.Decay, Clip: h.Clip}
	s.Schedule = Schedule{Name: h.Schedule, Warmup: h.Warmup}
	s.Objective = config.Choice[Objective]{Name: "dpo", Value: &DPO{Beta: h.Beta, Loss: h.Loss, Reference: fromStart}}
	a, err := lora.Load(filepath.Join(folder, "adapter"), m)
	if err != nil {
		t.Fatal(err)
	}
	return startJudged(t, backendtest.Open(t), m, a, weights, set, d, s), ref
}

// startJudged runs a preference training to its end.
func startJudged(t *testing.T, be backend.Backend, m *model.Model, a *lora.Adapter, weights model.Weights, set *quant.Set, d *data, s Settings) *training {
	t.Helper()
	run := prepareJudged(t, be, m, a, weights, set, d, s)
	if err := run.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return run
}

func prepareJudged(t *testing.T, be backend.Backend, m *model.Model, a *lora.Adapter, weights model.Weights, set *quant.Set, d *data, s Settings) *training {
	t.Helper()
	if err := d.judge(s.Objective); err != nil {
		t.Fatal(err)
	}
	p, err := newProgram(m, a, s.Optimizer, be.Backend)
	if err != nil {
		t.Fatal(err)
	}
	p.on(set)
	p.pref, _ = s.Objective.Value.(preference)
	tell, _ := progress.New("train", t.Output(), "")
	run := &training{settings: s, seed: 1, data: d, program: p, dir: t.TempDir(), task: tell.Task("golden", 0, "tokens")}
	start := weights
	if a != nil {
		start = a.Weights
	}
	if run.state, err = newState(p, clones(t, start), len(d.ids)); err != nil {
		t.Fatal(err)
	}
	for _, name := range p.frozen {
		run.frozen = append(run.frozen, weights[name])
	}
	f := &fitting{model: m, base: weights, quant: *set}
	if err := f.judge(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	return run
}

func compareReference(t *testing.T, got *training, want []float32) {
	t.Helper()
	worst := 0.0
	for i, w := range want {
		worst = max(worst, math.Abs(float64(got.data.ref[i]-w)))
	}
	if worst > 1e-4 {
		t.Errorf("log-probabilities of the reference differ by %.2g", worst)
	}
	t.Logf("largest difference of a log-probability of the reference: %.1e", worst)
}

// comparesEquals says whether a model was compared with itself: exactly on the Go backend; on others the reference is another
// program, whose sums may differ in their last bits.
func comparesEquals(h schemas.Step) bool {
	limit := 0.0
	if backendtest.Name() != "go" {
		limit = 1e-5
	}
	return math.Abs(h.Loss-float64(float32(math.Ln2))) <= limit && math.Abs(*h.Margin) <= limit && math.Abs(*h.ChosenReward) <= limit && (limit > 0 || *h.Accuracy == 0)
}

func compareDPO(t *testing.T, want dpoTrajectory, got *training) {
	t.Helper()
	if len(got.state.history) != len(want.Log) {
		t.Fatalf("%d steps, want %d", len(got.state.history), len(want.Log))
	}
	worst, allowed := map[string]float64{}, map[string]float64{}
	check := func(step int, what string, got, want, limit float64) {
		worst[what], allowed[what] = max(worst[what], math.Abs(got-want)), max(allowed[what], limit)
		if !(math.Abs(got-want) <= limit) {
			t.Errorf("step %d: %s %v, want %v", step, what, got, want)
		}
	}
	loss := max(10*want.noise("loss"), 1e-5)
	for i, w := range want.Log {
		g := got.state.history[i]
		check(i+1, "loss", g.Loss, w.Loss, loss)
		check(i+1, "grad norm", g.GradNorm, w.GradNorm, max(10*want.noise("grad_norm"), 1e-4*w.GradNorm))
		check(i+1, "lr", g.LR, w.LR, 1e-12)
		check(i+1, "chosen", *g.ChosenReward, w.Chosen, 10*loss)
		check(i+1, "rejected", *g.RejectedReward, w.Rejected, 10*loss)
		check(i+1, "margin", *g.Margin, w.Margin, 10*loss)
		tie := 0.0
		if i == 0 && backendtest.Name() != "go" { // every margin is nothing, or the last bit of it
			tie = 1
		}
		check(i+1, "accuracy", *g.Accuracy, w.Accuracy, tie)
	}
	if first := got.state.history[0]; !comparesEquals(first) {
		t.Errorf("the first step: loss %v, margin %v, reward %v: want ln 2, 0, 0", first.Loss, *first.Margin, *first.ChosenReward)
	}
	for what, d := range worst {
		shared.Parity(t, "Preferences", strings.TrimPrefix(t.Name(), "TestDPORunsEqualTheReference/"), what, d, allowed[what])
	}
	t.Logf("largest differences: %v", worst)
}
