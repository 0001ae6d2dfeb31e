package train

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/config"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/quant"
	"fettle/schemas"
)

// judgedData lays random answers into blocks, so many pairs (or judged answers, each with a mismatched one) in each.
func judgedData(n, each int, sides ...string) *data {
	rng := rand.New(rand.NewPCG(8, 9))
	d := &data{}
	answer := func(b *blockData, prompt []int32, side string) {
		start := int32(len(b.tokens))
		for _, id := range prompt {
			b.tokens, b.labels = append(b.tokens, id), append(b.labels, schemas.Untrained)
		}
		for range 2 + rng.IntN(7) {
			id := int32(rng.IntN(64))
			b.tokens, b.labels = append(b.tokens, id), append(b.labels, id)
		}
		b.segments = append(b.segments, segment{conversation: int32(len(d.ids)), start: start, end: int32(len(b.tokens)), side: side})
		d.ids = append(d.ids, fmt.Sprint(side, len(d.ids)))
	}
	for i := range n {
		if i%each == 0 {
			d.blocks = append(d.blocks, blockData{})
		}
		b := &d.blocks[len(d.blocks)-1]
		var prompt []int32
		for range 2 + rng.IntN(4) {
			prompt = append(prompt, int32(rng.IntN(64)))
		}
		if sides[0] == schemas.Chosen {
			answer(b, prompt, schemas.Chosen)
			answer(b, prompt, schemas.Rejected)
			continue
		}
		answer(b, prompt, sides[i%2])
		answer(b, prompt, schemas.Mismatched)
	}
	d.length = longest(d.blocks)
	return d
}

// judgedObjectives are one of each kind.
var judgedObjectives = map[string]Objective{
	"dpo":      &DPO{Beta: 0.5, Loss: "sigmoid", NLL: 0.3, Reference: fromStart},
	"dpo/ipo":  &DPO{Beta: 0.5, Loss: "ipo", Reference: fromStart},
	"orpo":     &ORPO{Beta: 0.5, NLL: "answer"},
	"orpo/all": &ORPO{Beta: 0.5, NLL: "all"},
	"kto":      &KTO{Beta: 0.5, Loss: "kto", Desirable: 1, Undesirable: 1.5, Reference: fromStart},
	"kto/apo":  &KTO{Beta: 0.5, Loss: "apo_zero_unpaired", Desirable: 1, Undesirable: 1, Reference: fromStart},
}

// startPreference prepares a training of the bench's model.
func (b *bench) startPreference(t *testing.T, name, mode string, each int, change func(*Settings)) *training {
	t.Helper()
	o := judgedObjectives[name]
	s := defaults()
	s.Mode, s.Optimizer.LR, s.Schedule = mode, 1e-2, Schedule{Name: "linear"}
	s.Batch, s.Epochs, s.LoRA.Rank = Batch{Rows: 2, Accumulate: 2}, 2, 4
	s.Objective = config.Choice[Objective]{Name: strings.Split(name, "/")[0], Value: o}
	change(&s)
	var a *lora.Adapter
	if mode == "lora" {
		var err error
		if a, err = lora.New(b.model, s.LoRA, 3); err != nil {
			t.Fatal(err)
		}
	}
	return prepareJudged(t, b.backend, b.model, a, b.weights, &quant.Set{}, judgedData(11, each, o.takes()...), s)
}

func TestPreferenceResumesWithTheSameBits(t *testing.T) {
	b := newBench(t)
	for name := range judgedObjectives {
		for _, mode := range []string{"lora", "full"} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				start := func() *training { return b.startPreference(t, name, mode, 2, func(*Settings) {}) }
				whole := start()
				if err := whole.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				perEpoch, total := whole.settings.steps(len(whole.data.blocks))
				first := start()
				for range total / 2 {
					if err := first.step(t.Context(), perEpoch, total); err != nil {
						t.Fatal(err)
					}
				}
				if err := first.state.save(first.dir, first.program.trainable); err != nil {
					t.Fatal(err)
				}
				second := start()
				second.dir = first.dir
				second.data.ref = nil // as a new process finds it
				if err := (&fitting{model: b.model, base: b.weights}).judge(t.Context(), second); err != nil {
					t.Fatal(err)
				}
				if ok, err := second.state.restore(second.dir, second.program.trainable); !ok || err != nil {
					t.Fatalf("restore: %v %v", ok, err)
				}
				if err := second.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if diff := furthest(values(t, whole.state.weights), values(t, second.state.weights)); diff != 0 {
					t.Errorf("weights differ by %v", diff)
				}
				if diff := cmp.Diff(whole.state.history, second.state.history); diff != "" {
					t.Errorf("history: %s", diff)
				}
			})
		}
	}
}

// However a window is cut into micro-batches and pairs are laid into blocks, every figure of it is the same.
func TestTheCutOfAPreferenceWindowChangesNothing(t *testing.T) {
	b := newBench(t)
	for name := range judgedObjectives {
		t.Run(name, func(t *testing.T) {
			run := func(rows, accumulate, each int) []schemas.Step {
				tr := b.startPreference(t, name, "lora", each, func(s *Settings) {
					s.Batch, s.Shuffle, s.Optimizer.LR = Batch{Rows: rows, Accumulate: accumulate}, false, 1e-3
				})
				if err := tr.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				return tr.state.history
			}
			want := run(4, 1, 1)
			for _, cut := range [][3]int{{1, 4, 1}, {2, 2, 1}, {2, 1, 2}, {1, 2, 2}, {1, 1, 4}} {
				got := run(cut[0], cut[1], cut[2])
				if len(got) != len(want) {
					t.Fatalf("%v: %d steps, want %d", cut, len(got), len(want))
				}
				for i := range want {
					same(t, fmt.Sprint(cut, " step ", i+1), got[i], want[i])
				}
			}
		})
	}
}

func same(t *testing.T, what string, got, want schemas.Step) {
	t.Helper()
	near(t, what+" loss", got.Loss, want.Loss, 1e-4)
	near(t, what+" grad norm", got.GradNorm, want.GradNorm, 1e-3)
	for _, p := range [][2]*float64{{got.ChosenReward, want.ChosenReward}, {got.RejectedReward, want.RejectedReward}, {got.ChosenLogp, want.ChosenLogp}, {got.NLL, want.NLL}, {got.KL, want.KL}, {got.LogOdds, want.LogOdds}} {
		if (p[0] == nil) != (p[1] == nil) {
			t.Fatalf("%s: one has a figure that the other lacks", what)
		}
		if p[0] != nil && math.Abs(*p[0]-*p[1]) > 1e-4 {
			t.Errorf("%s: figure %v, want %v", what, *p[0], *p[1])
		}
	}
	if got.Tokens != want.Tokens {
		t.Errorf("%s: %d tokens, want %d", what, got.Tokens, want.Tokens)
	}
}

// The model that begins is its own reference: nothing has moved, whatever the order of the blocks and the adapter it begins from.
func TestTheFirstStepComparesEquals(t *testing.T) {
	b := newBench(t)
	for _, mode := range []string{"lora", "full"} {
		tr := b.startPreference(t, "dpo", mode, 2, func(s *Settings) { s.MaxSteps = 1 })
		tr.program.pref.(*DPO).NLL = 0
		if err := tr.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if h := tr.state.history[0]; !comparesEquals(h) {
			t.Errorf("%s: loss %v, margin %v, reward %v, want ln 2, 0, 0", mode, h.Loss, *h.Margin, *h.ChosenReward)
		}
		tr.program.pref.(*DPO).NLL = 0.3
	}
	k := b.startPreference(t, "kto", "lora", 2, func(s *Settings) { s.MaxSteps = 1 })
	if err := k.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h := k.state.history[0]; *h.KL != 0 || math.Abs(*h.ChosenReward) > 1e-5 || *h.ChosenReward != 0 && backendtest.Name() == "go" {
		t.Errorf("kto: kl %v, reward %v, want 0", *h.KL, *h.ChosenReward)
	}
}

// reference: base compares with the model without the adapter, start with the adapter as it was.
func TestReferenceOfATrainedAdapter(t *testing.T) {
	b := newBench(t)
	s := defaults()
	s.LoRA.Rank, s.Batch = 4, Batch{Rows: 2, Accumulate: 1}
	a, err := lora.New(b.model, s.LoRA, 3)
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range a.Weights { // B is not zero
		if strings.HasSuffix(name, "lora_B.weight") {
			flat := make([]float32, w.Shape().Size())
			for i := range flat {
				flat[i] = float32(i%5) * 0.03
			}
			a.Weights[name] = tensors.FromFlatDataAndDimensions(flat, w.Shape().Dimensions...)
		}
	}
	reward := map[string]float64{}
	for _, reference := range []string{fromStart, fromBase} {
		s.Objective = config.Choice[Objective]{Name: "dpo", Value: &DPO{Beta: 0.1, Loss: "sigmoid", Reference: reference}}
		run := startJudged(t, b.backend, b.model, a, b.weights, &quant.Set{}, judgedData(4, 1, schemas.Chosen), s)
		reward[reference] = *run.state.history[0].ChosenReward
	}
	if math.Abs(reward[fromStart]) > 1e-6 || // XLA compiles the reference pass apart: other last bits
		math.Abs(reward[fromBase]) < 1e-3 {
		t.Errorf("rewards of the first step: %v, want 0 from the start, something from the base", reward)
	}
}

func TestDataThatDoesNotFitTheObjective(t *testing.T) {
	choose := func(name string) config.Choice[Objective] {
		o, _ := config.New[Objective](name)
		return config.Choice[Objective]{Name: name, Value: o}
	}
	broken := judgedData(2, 2, schemas.Chosen)
	s := broken.blocks[0].segments
	s[1], s[2] = s[2], s[1]
	alone := judgedData(2, 2, schemas.Desirable, schemas.Undesirable)
	alone.blocks[0].segments = alone.blocks[0].segments[:3]
	tests := []struct {
		name, objective string
		data            *data
		want            string
	}{
		{"plain for dpo", "dpo", laid(documents(4), 1, 16), "dpo learns from chosen and rejected ones: the blocks hold 4 that nobody judged"},
		{"pairs for sft", "sft", judgedData(2, 1, schemas.Chosen), "sft learns from plain conversations"},
		{"pairs for kto", "kto", judgedData(2, 1, schemas.Chosen), "kto learns from desirable and undesirable ones"},
		{"torn pairs", "dpo", broken, "do not stand together"},
		{"no mismatched answer", "kto", alone, "2 answers and 1 mismatched"},
		{"as it should be", "dpo", judgedData(2, 1, schemas.Chosen), ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.data.judge(choose(tc.objective))
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

// A reference that is damaged stops the training, and says what to do; none is made.
func TestDamagedReference(t *testing.T) {
	b := newBench(t)
	tr := b.startPreference(t, "dpo", "lora", 2, func(*Settings) {})
	path := filepath.Join(tr.dir, "reference.safetensors")
	want := slices.Clone(tr.data.ref)
	for _, size := range []int64{0, 3, 100} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		err := (&fitting{model: b.model, base: b.weights}).judge(t.Context(), tr)
		if err == nil || !strings.Contains(err.Error(), "remove the file") {
			t.Errorf("%d bytes of it: %v", size, err)
		}
		tr.data.ref = nil
		if err := errors.Join(os.Remove(path), (&fitting{model: b.model, base: b.weights}).judge(t.Context(), tr)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, tr.data.ref); diff != "" {
			t.Errorf("made again it differs: %s", diff)
		}
	}
}

// The answers kept out cost what the same answers cost in a step, and have their figures.
func TestHeldAnswers(t *testing.T) {
	b := newBench(t)
	for name := range judgedObjectives {
		t.Run(name, func(t *testing.T) {
			tr := b.startPreference(t, name, "lora", 2, func(s *Settings) {
				s.Batch, s.Optimizer.LR, s.Epochs, s.Shuffle, s.Eval = Batch{Rows: 2, Accumulate: 3}, 0, 1, false, Held{Every: 1}
			})
			tr.held = judgedData(11, 1, tr.program.pref.takes()...)
			if err := tr.held.judge(tr.settings.Objective); err != nil {
				t.Fatal(err)
			}
			tr.dir = t.TempDir() // the reference saved there lacks them
			if err := (&fitting{model: b.model, base: b.weights}).judge(t.Context(), tr); err != nil {
				t.Fatal(err)
			}
			if err := tr.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			step := tr.state.history[0]
			near(t, "held-out loss", *step.EvalLoss, step.Loss, 1e-5)
			if inPairs(tr.program.pref) != (step.EvalAccuracy != nil) {
				t.Errorf("accuracy %v", step.EvalAccuracy)
			}
		})
	}
}

func TestPreferenceProgramsCompile(t *testing.T) {
	compiled(t, "train: {objective: dpo, batch: {rows: 2}}\n")
}

// On a base in 4 bits the reference is that base: nothing has moved in the first step, whichever reference is asked for.
func TestPreferenceOnABaseIn4Bits(t *testing.T) {
	for _, reference := range []string{fromStart, fromBase} {
		tr := benchShape{2, 64, 96, 4, 2, 64, 2, 16, 1}.bench(t, "qlora", 4)
		tr.data = judgedData(6, 1, pairSides...)
		tr.settings.Objective = config.Choice[Objective]{Name: "dpo", Value: &DPO{Beta: 0.1, Loss: "sigmoid", Reference: reference}}
		tr.settings.Epochs, tr.settings.Optimizer.LR = 4, 1e-2
		tr.dir = t.TempDir()
		if err := tr.data.judge(tr.settings.Objective); err != nil {
			t.Fatal(err)
		}
		tr.program.pref, _ = tr.settings.Objective.Value.(preference)
		base := model.Weights{}
		for i, name := range tr.program.frozen {
			base[name] = tr.frozen[i]
		}
		tr.state.losses = newRowLosses(len(tr.data.ids))
		if err := (&fitting{model: tr.program.model, base: base, quant: *tr.program.quant}).judge(t.Context(), tr); err != nil {
			t.Fatal(err)
		}
		if err := tr.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		first, last := tr.state.history[0], tr.state.history[len(tr.state.history)-1]
		if math.Abs(first.Loss-math.Ln2) > 1e-6 || math.Abs(*first.Margin) > 1e-6 { // two programs, which may round apart
			t.Errorf("%s: first loss %v, margin %v, want ln 2 and 0", reference, first.Loss, *first.Margin)
		}
		if last.Loss > 0.65 || *last.Margin < 0.1 {
			t.Errorf("%s: after %d steps loss %v, margin %v", reference, len(tr.state.history), last.Loss, *last.Margin)
		}
	}
}
