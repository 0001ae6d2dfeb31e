package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend"
	"fettle/internal/backend/backendtest"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/progress"
)

const smallConfig = `{"model_type":"llama","hidden_act":"silu","hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,"num_attention_heads":4,
"num_key_value_heads":2,"head_dim":8,"vocab_size":64,"rms_norm_eps":1e-5,"rope_parameters":{"rope_theta":10000.0,"rope_type":"default"},"tie_word_embeddings":true,"initializer_range":0.3}`

// bench is a small model and the backend it runs on.
type bench struct {
	model   *model.Model
	weights model.Weights
	backend backend.Backend
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(smallConfig), 0o644); err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	be := backendtest.Open(t)
	return &bench{m, m.Init(7), be}
}

// start makes a training of the bench's model; mode lora or full.
func (b *bench) start(t *testing.T, d *data, mode string, change func(*Settings)) *training {
	t.Helper()
	s := defaults()
	s.Mode, s.Optimizer.LR, s.Schedule = mode, 1e-2, Schedule{Name: "linear", Warmup: 1}
	s.Batch, s.Epochs, s.LoRA.Rank = Batch{Rows: 2, Accumulate: 2}, 2, 4
	change(&s)
	start, a := b.weights, (*lora.Adapter)(nil)
	if mode == "lora" {
		var err error
		if a, err = lora.New(b.model, s.LoRA, 3); err != nil {
			t.Fatal(err)
		}
		start = a.Weights
	}
	p, err := newProgram(b.model, a, s.Optimizer, b.backend.Backend)
	if err != nil {
		t.Fatal(err)
	}
	p.noise = s.NEFTune
	tell, _ := progress.New("train", t.Output(), "")
	tr := &training{settings: s, seed: 3, data: d, program: p, dir: t.TempDir(), task: tell.Task("test", 0, "tokens")}
	if tr.state, err = newState(p, clones(t, start), len(d.ids)); err != nil {
		t.Fatal(err)
	}
	for _, name := range p.frozen {
		tr.frozen = append(tr.frozen, b.weights[name])
	}
	return tr
}

func clones(t *testing.T, w model.Weights) model.Weights {
	out := model.Weights{}
	for name, tensor := range w {
		c, err := tensor.LocalClone()
		if err != nil {
			t.Fatal(err)
		}
		out[name] = c
	}
	return out
}

// documents are random token sequences of unequal lengths; about half of each is trained.
func documents(n int) [][2][]int32 {
	rng := rand.New(rand.NewPCG(5, 6))
	var docs [][2][]int32
	for range n {
		length := 3 + rng.IntN(12)
		var ids, labels []int32
		for i := range length {
			id := int32(rng.IntN(64))
			label := id
			if i < length/2 {
				label = -100
			}
			ids, labels = append(ids, id), append(labels, label)
		}
		docs = append(docs, [2][]int32{ids, labels})
	}
	return docs
}

// laid puts documents into blocks, so many each.
func laid(docs [][2][]int32, each, length int) *data {
	d := &data{length: length}
	for i, doc := range docs {
		if i%each == 0 {
			d.blocks = append(d.blocks, blockData{})
		}
		b := &d.blocks[len(d.blocks)-1]
		from := int32(len(b.tokens))
		b.tokens, b.labels = append(b.tokens, doc[0]...), append(b.labels, doc[1]...)
		b.labels[from] = -100
		b.segments = append(b.segments, segment{conversation: int32(i), start: from, end: int32(len(b.tokens))})
		d.ids = append(d.ids, fmt.Sprint("doc", i))
	}
	return d
}

func values(t *testing.T, list []*tensors.Tensor) [][]float32 {
	t.Helper()
	var out [][]float32
	for _, x := range list {
		v, err := tensors.CopyFlatData[float32](x)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// furthest is the largest difference of two sets of weights.
func furthest(a, b [][]float32) (worst float64) {
	for i := range a {
		for k := range a[i] {
			worst = max(worst, math.Abs(float64(a[i][k]-b[i][k])))
		}
	}
	return worst
}

func TestResumeAtAnyStepEndsWithTheSameBits(t *testing.T) {
	b, d := newBench(t), laid(documents(23), 2, 32)
	for _, mode := range []string{"lora", "full"} {
		whole := b.start(t, d, mode, func(s *Settings) { s.LoRA.Dropout = 0.2 })
		if err := whole.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, total := whole.settings.steps(len(d.blocks))
		for stop := 1; stop < total; stop++ {
			dir := t.TempDir()
			first := b.start(t, d, mode, func(s *Settings) { s.LoRA.Dropout = 0.2 })
			first.dir = dir
			ctx, cancel := context.WithCancel(t.Context())
			for first.state.step < stop {
				perEpoch, all := first.settings.steps(len(d.blocks))
				if err := first.step(ctx, perEpoch, all); err != nil {
					t.Fatal(err)
				}
			}
			cancel()
			if err := first.run(ctx); err == nil {
				t.Fatal("a cancelled run ended without an error")
			}
			second := b.start(t, d, mode, func(s *Settings) { s.LoRA.Dropout = 0.2 })
			second.dir = dir
			if ok, err := second.state.restore(dir, second.program.trainable); !ok || err != nil {
				t.Fatalf("restore: %v %v", ok, err)
			}
			if second.state.step != stop {
				t.Fatalf("restored at step %d, want %d", second.state.step, stop)
			}
			if err := second.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := furthest(values(t, whole.state.weights), values(t, second.state.weights)); diff != 0 {
				t.Errorf("%s stopped after step %d: weights differ by %v", mode, stop, diff)
			}
			if diff := cmp.Diff(whole.state.history, second.state.history); diff != "" {
				t.Errorf("%s stopped after step %d: history: %s", mode, stop, diff)
			}
			if diff := cmp.Diff(whole.state.losses.ended, second.state.losses.ended); diff != "" {
				t.Errorf("%s stopped after step %d: row losses: %s", mode, stop, diff)
			}
		}
	}
}

// One micro-batch of eight, or eight of one: the same window, weighted by tokens, an incomplete last window included.
func TestTheCutOfAWindowChangesNothing(t *testing.T) {
	b, d := newBench(t), laid(documents(19), 1, 16)
	run := func(rows, accumulate int) *training {
		tr := b.start(t, d, "full", func(s *Settings) { s.Batch, s.Shuffle = Batch{Rows: rows, Accumulate: accumulate}, false })
		if err := tr.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return tr
	}
	want := run(8, 1)
	for _, cut := range [][2]int{{1, 8}, {4, 2}, {2, 4}} {
		got := run(cut[0], cut[1])
		for i, step := range got.state.history {
			if w := want.state.history[i]; math.Abs(step.Loss-w.Loss) > 1e-5 || step.Tokens != w.Tokens {
				t.Errorf("%v step %d: loss %v over %d tokens, want %v over %d", cut, i+1, step.Loss, step.Tokens, w.Loss, w.Tokens)
			}
		}
	}
}

func TestPackedEqualsAlone(t *testing.T) {
	b, docs := newBench(t), documents(12)
	run := func(d *data, rows int) *training {
		tr := b.start(t, d, "full", func(s *Settings) {
			s.Batch, s.Shuffle, s.Epochs, s.Optimizer.LR = Batch{Rows: rows, Accumulate: 1}, false, 3, 1e-4
		})
		if err := tr.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return tr
	}
	alone, packed := run(laid(docs, 1, 16), 12), run(laid(docs, 4, 64), 3)
	for i := range alone.state.history {
		a, p := alone.state.history[i], packed.state.history[i]
		if math.Abs(a.Loss-p.Loss) > 1e-5 || math.Abs(a.GradNorm-p.GradNorm) > 1e-4*a.GradNorm || a.Tokens != p.Tokens {
			t.Errorf("step %d: packed %+v, alone %+v", i+1, p, a)
		}
	}
	byID := map[string]float64{}
	for _, r := range alone.state.losses.ended {
		byID[fmt.Sprint(r.Epoch, r.ID)] = r.Loss
	}
	for _, r := range packed.state.losses.ended {
		if want := byID[fmt.Sprint(r.Epoch, r.ID)]; math.Abs(r.Loss-want) > 1e-4 {
			t.Errorf("row loss of %s in epoch %d: %v packed, %v alone", r.ID, r.Epoch, r.Loss, want)
		}
	}
	if n := len(packed.state.losses.ended); n != 36 {
		t.Errorf("%d row losses, want 12 conversations in 3 epochs", n)
	}
}

func TestLoRATrainsEveryMatrixAndNothingElse(t *testing.T) {
	b, d := newBench(t), laid(documents(16), 2, 32)
	before := map[string][]float32{}
	for name, w := range b.weights {
		before[name], _ = tensors.CopyFlatData[float32](w)
	}
	tr := b.start(t, d, "lora", func(s *Settings) { s.Schedule.Warmup = 0 })
	if err := tr.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, v := range values(t, tr.state.weights) {
		moved := false
		for _, x := range v {
			moved = moved || x != 0
		}
		if strings.HasSuffix(tr.program.trainable[i], "lora_B.weight") && !moved {
			t.Errorf("%s is still zero", tr.program.trainable[i])
		}
	}
	for name, w := range b.weights {
		after, _ := tensors.CopyFlatData[float32](w)
		if diff := cmp.Diff(before[name], after); diff != "" {
			t.Errorf("frozen weight %s changed", name)
		}
	}
}

func TestOrderAndSeed(t *testing.T) {
	d := laid(documents(40), 1, 16)
	if diff := cmp.Diff(d.order(1, 0, true), d.order(1, 0, true)); diff != "" {
		t.Error("the order of one seed and epoch differs")
	}
	if cmp.Equal(d.order(1, 0, true), d.order(1, 1, true)) || cmp.Equal(d.order(1, 0, true), d.order(2, 0, true)) {
		t.Error("another epoch or seed has the same order")
	}
}

func TestNothingTrainedAndNotFinite(t *testing.T) {
	b, docs := newBench(t), documents(6)
	for i := range docs {
		for k := range docs[i][1] {
			docs[i][1][k] = -100
		}
	}
	d := laid(docs, 1, 16)
	if err := d.enough(); err == nil {
		t.Error("blocks without a trained token are accepted")
	}
	d = laid(documents(6), 1, 16)
	tr := b.start(t, d, "full", func(s *Settings) { s.Optimizer.LR, s.Optimizer.Clip, s.Schedule = 1e30, 0, Schedule{Name: "constant"} })
	err := tr.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "step") || !strings.Contains(err.Error(), "optimizer.lr") {
		t.Errorf("a run that diverges ends with %v, want the step and what to lower", err)
	}
	if err := d.check(10); err == nil || !strings.Contains(err.Error(), "vocabulary") {
		t.Errorf("a token beyond the vocabulary: %v", err)
	}
}
