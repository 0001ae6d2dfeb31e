package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend/backendtest"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/optimizer"
	"fettle/internal/progress"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

// trajectory is a 20-step run of transformers and PEFT (golden/models/README.md says how it was made).
type trajectory struct {
	Hyper struct {
		LR          float64    `json:"lr"`
		Betas       [2]float64 `json:"betas"`
		Eps         float64    `json:"eps"`
		WeightDecay float64    `json:"weight_decay"`
		Clip        float64    `json:"max_grad_norm"`
		Accumulate  int        `json:"gradient_accumulation"`
		Schedule    string     `json:"schedule"`
		Warmup      int        `json:"warmup_steps"`
		Steps       int        `json:"steps"`
		Batches     string     `json:"batches"`
		PlusRatio   float64    `json:"loraplus_lr_ratio"`
	} `json:"hyper"`
	Noise map[string]json.RawMessage `json:"noise"`
	Log   []struct {
		Loss     float64 `json:"loss"`
		NumItems int64   `json:"num_items"`
		GradNorm float64 `json:"grad_norm"`
		LR       float64 `json:"lr"`
	} `json:"log"`
}

// noise is the largest spread of the reference against itself for one quantity.
func (t trajectory) noise(name string) (n float64) {
	for _, raw := range t.Noise {
		var spread map[string]float64
		if json.Unmarshal(raw, &spread) == nil {
			n = max(n, spread[name])
		}
	}
	return n
}

func readTrajectory(t *testing.T, path string) trajectory {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var tr trajectory
	if err := json.Unmarshal(raw, &tr); err != nil {
		t.Fatal(err)
	}
	return tr
}

// goldenBlocks makes a block of every row of the recorded batches [micro, row, token].
func goldenBlocks(t *testing.T, path string) (*data, int) {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, _ := f.Info("input_ids")
	ids, err1 := f.Int64("input_ids")
	labels, err2 := f.Int64("labels")
	mask, err3 := f.Int64("attention_mask")
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	d := &data{length: info.Shape[2]}
	for r := range info.Shape[0] * info.Shape[1] {
		var b blockData
		for c := range d.length {
			if at := r*d.length + c; mask[at] == 1 {
				b.tokens = append(b.tokens, int32(ids[at]))
				b.labels = append(b.labels, int32(labels[at]))
			}
		}
		b.segments = []segment{{conversation: int32(r), end: int32(len(b.tokens))}}
		d.blocks = append(d.blocks, b)
		d.ids = append(d.ids, fmt.Sprint(r))
	}
	return d, info.Shape[1]
}

func TestTrajectoriesEqualTheReference(t *testing.T) {
	root := shared.Path(t, "golden/models")
	for _, path := range trajectories(t, root) {
		name, err := filepath.Rel(root, strings.TrimSuffix(path, ".json"))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.ToSlash(name), func(t *testing.T) {
			tr := readTrajectory(t, path)
			got := follow(t, root, filepath.Dir(path), tr)
			compare(t, tr, got)
			final := strings.TrimSuffix(path, ".json") + ".final.safetensors"
			if !exists(final) {
				final = filepath.Join(filepath.Dir(path), "final", "model.safetensors")
			}
			compareWeights(t, tr, got, final)
		})
	}
}

// trajectories are all runs of the reference on recorded batches.
func trajectories(t *testing.T, root string) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"lora/*/trajectory-*.json", "qlora/*/trajectory-*.json", "train/full-*/trajectory.json"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	if len(all) < 19 {
		t.Fatalf("only %d trajectories", len(all))
	}
	return all
}

// startOf finds what a trajectory starts from: its base model and, where it trains one, its adapter.
func startOf(t *testing.T, root, folder string) (base, adapter string) {
	t.Helper()
	adapter = filepath.Join(folder, "adapter")
	raw, err := os.ReadFile(filepath.Join(adapter, "adapter_config.json"))
	if errors.Is(err, fs.ErrNotExist) { // full-<family>
		return filepath.Join(root, "families", strings.TrimPrefix(filepath.Base(folder), "full-")), ""
	}
	var config struct {
		Base string `json:"base_model_name_or_path"`
	}
	if err := errors.Join(err, json.Unmarshal(raw, &config)); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, config.Base), adapter
}

// follow repeats a trajectory with our program.
func follow(t *testing.T, root, folder string, tr trajectory) *training {
	t.Helper()
	dir, adapter := startOf(t, root, folder)
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	set := &quant.Set{}
	weights, err := m.LoadWith(model.Loader{Formats: set.Formats(nil)}, dir)
	if err != nil {
		t.Fatal(err)
	}
	h := tr.Hyper
	batches := filepath.Join(folder, "batches.safetensors")
	if h.Batches != "" {
		batches = filepath.Join(root, h.Batches)
	}
	d, rows := goldenBlocks(t, batches)
	s := defaults()
	s.Shuffle, s.Batch = false, Batch{Rows: rows, Accumulate: h.Accumulate}
	s.Optimizer = optimizer.Config{LR: h.LR, Beta1: h.Betas[0], Beta2: h.Betas[1], Eps: h.Eps, WeightDecay: h.WeightDecay, Clip: h.Clip}
	s.Schedule = Schedule{Name: h.Schedule, Warmup: h.Warmup}
	start := weights
	var a *lora.Adapter
	if adapter != "" {
		if a, err = lora.Load(adapter, m); err != nil {
			t.Fatal(err)
		}
		a.Config.PlusRatio = h.PlusRatio
		start = a.Weights
	}
	p, err := newProgram(m, a, s.Optimizer, backendtest.Open(t).Backend)
	if err != nil {
		t.Fatal(err)
	}
	p.on(set)
	tell, _ := progress.New("train", t.Output(), "")
	run := &training{settings: s, data: d, program: p, dir: t.TempDir(), task: tell.Task("golden", 0, "tokens")}
	if run.state, err = newState(p, start, len(d.ids)); err != nil {
		t.Fatal(err)
	}
	for _, name := range p.frozen {
		run.frozen = append(run.frozen, weights[name])
	}
	if err := run.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return run
}

// caseOf is the group and the name of a trajectory, after the test that repeats it.
func caseOf(t *testing.T) (group, name string) {
	_, path, _ := strings.Cut(t.Name(), "/")
	group, name, ok := strings.Cut(path, "/")
	if !ok {
		return "Preferences", group
	}
	return "Trajectories: " + group, strings.Replace(name, "/trajectory", "", 1)
}

// compare holds every step to the tolerances of golden/models/README.md.
func compare(t *testing.T, tr trajectory, got *training) {
	t.Helper()
	if len(got.state.history) != len(tr.Log) {
		t.Fatalf("%d steps, want %d", len(got.state.history), len(tr.Log))
	}
	lossLimit := max(10*tr.noise("loss"), 1e-5)
	worstLoss, worstNorm, normLimit := 0.0, 0.0, 0.0
	for i, want := range tr.Log {
		step := got.state.history[i]
		dLoss, dNorm := math.Abs(step.Loss-want.Loss), math.Abs(step.GradNorm-want.GradNorm)
		worstLoss, worstNorm = max(worstLoss, dLoss), max(worstNorm, dNorm/want.GradNorm)
		normLimit = max(normLimit, 10*tr.noise("grad_norm")/want.GradNorm, 1e-4)
		if dLoss > lossLimit {
			t.Errorf("step %d: loss %v, want %v", i+1, step.Loss, want.Loss)
		}
		if dNorm > max(10*tr.noise("grad_norm"), 1e-4*want.GradNorm) {
			t.Errorf("step %d: grad norm %v, want %v", i+1, step.GradNorm, want.GradNorm)
		}
		if math.Abs(step.LR-want.LR) > 1e-12 {
			t.Errorf("step %d: lr %v, want %v", i+1, step.LR, want.LR)
		}
		if step.Tokens != want.NumItems {
			t.Errorf("step %d: %d trained tokens, want %d", i+1, step.Tokens, want.NumItems)
		}
	}
	group, name := caseOf(t)
	shared.Parity(t, group, name, "loss of 20 steps", worstLoss, lossLimit)
	shared.Parity(t, group, name, "gradient norm", worstNorm, normLimit)
	t.Logf("largest differences: loss %.1e, grad norm %.1e relative", worstLoss, worstNorm)
}

func compareWeights(t *testing.T, tr trajectory, got *training, path string) {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	limit, worst := max(10*tr.noise("final_param"), 1e-5), 0.0
	if got.program.quant.Len() > 0 {
		limit = 1e-4 // its file records no noise
	}
	for i, name := range got.program.trainable {
		stored := name
		if _, ok := f.Info(stored); !ok {
			stored = lora.FileName(name)
		}
		want, err := f.Float32(stored)
		if err != nil {
			t.Fatal(err)
		}
		have, err := tensors.CopyFlatData[float32](got.state.weights[i])
		if err != nil {
			t.Fatal(err)
		}
		for k := range want {
			worst = max(worst, math.Abs(float64(have[k]-want[k])))
		}
	}
	if worst > limit {
		t.Errorf("final weights differ by %.2e, limit %.2e", worst, limit)
	}
	group, name := caseOf(t)
	shared.Parity(t, group, name, "weights after 20 steps", worst, limit)
	t.Logf("largest difference of a final weight: %.1e", worst)
}

func TestSchedulesEqualTransformers(t *testing.T) {
	raw, err := os.ReadFile(shared.Path(t, "golden/models/train/schedules.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Schedule string         `json:"schedule"`
		Base     float64        `json:"base_lr"`
		Warmup   int            `json:"warmup_steps"`
		Total    int            `json:"total_steps"`
		Kwargs   map[string]any `json:"kwargs"`
		LR       []float64      `json:"lr_of_step"`
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	checked, worst := 0, map[string]float64{}
	for _, c := range cases {
		s := Schedule{Name: c.Schedule, Warmup: c.Warmup}
		for key, value := range c.Kwargs {
			number, _ := value.(float64)
			name, _ := value.(string)
			switch key {
			case "min_lr", "lr_end":
				s.MinRate = number / c.Base
			case "min_lr_rate", "min_lr_ratio":
				s.MinRate = number
			case "num_cycles":
				s.Cycles = number
			case "power":
				s.Power = number
			case "timescale":
				s.Timescale = int(number)
			case "num_decay_steps":
				s.Decay = int(number)
			case "decay_type":
				s.DecayType = name
			case "warmup_type":
				s.WarmupType = name
			default:
				t.Errorf("%s: setting %s is not known here", c.Schedule, key)
			}
		}
		s.Check(func(field, want string) { t.Errorf("%s refuses %s: %s", c.Schedule, field, want) })
		checked++
		for i, want := range c.LR {
			got := c.Base * s.At(i, c.Total)
			worst[c.Schedule] = max(worst[c.Schedule], math.Abs(got-want))
			if math.Abs(got-want) > 1e-12 {
				t.Errorf("%s %v warmup %d of %d, step %d: %v, want %v", c.Schedule, c.Kwargs, c.Warmup, c.Total, i+1, got, want)
			}
		}
	}
	for name, d := range worst {
		shared.Parity(t, "Schedules", name, "learning rate", d, 1e-12)
	}
	if checked < 20 {
		t.Errorf("only %d schedules were checked", checked)
	}
}
