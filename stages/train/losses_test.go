package train

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend/backendtest"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

// lossCase is one loss of golden/models/train/preference_losses.json.
type lossCase struct {
	Loss        string    `json:"loss"`
	Beta        float64   `json:"beta"`
	Smoothing   float64   `json:"label_smoothing"`
	Desirable   float64   `json:"desirable_weight"`
	Undesirable float64   `json:"undesirable_weight"`
	Value       float64   `json:"value"`
	PerPair     []float64 `json:"per_pair"`
	LogOdds     float64   `json:"log_odds_mean"`
	KLName      string    `json:"KL_logps"`
	KL          float64   `json:"kl"`
	ByAnswer    []float64 `json:"grad_wrt_sequence_logps"`
	ByMean      []float64 `json:"grad_wrt_avg_logps"`
	Chosen      float64   `json:"rewards_chosen_mean"`
	Margin      float64   `json:"rewards_margin_mean"`
	Accuracy    float64   `json:"accuracy"`
}

// Every loss of TRL's trainers on recorded log-probabilities: its value, and its gradient by each token's log-probability.
func TestLossesEqualTRL(t *testing.T) {
	path := shared.Path(t, "golden/models/train/preference_losses.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []lossCase `json:"cases"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(strings.TrimSuffix(path, ".json") + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range file.Cases {
		t.Run(fmt.Sprintf("%s/%g", strings.ReplaceAll(c.Loss, " ", "_"), c.Beta), func(t *testing.T) {
			kind, name, _ := strings.Cut(c.Loss, "/")
			switch {
			case kind == "dpo":
				checkDPO(t, f, c, &DPO{Beta: c.Beta, Loss: name, Smoothing: c.Smoothing})
			case kind == "kto":
				checkKTO(t, f, c, &KTO{Beta: c.Beta, Loss: name, Desirable: c.Desirable, Undesirable: c.Undesirable})
			case strings.HasPrefix(c.Loss, "orpo"):
				checkORPO(t, f, c, &ORPO{Beta: c.Beta, NLL: "answer"})
			default:
				t.Errorf("loss %s is not known here", c.Loss)
			}
		})
	}
}

func checkDPO(t *testing.T, f *safetensors.File, c lossCase, o *DPO) {
	tokens, lengths := recorded(t, f)
	in := lossInput{tokens: tokens, ref: numbers(t, f, "dpo.ref_logps"), length: lengths, sign: []float32{1, 1, 1, 1, -1, -1, -1, -1}}
	got := in.run(t, o)
	near(t, "loss", mean(got.costs), c.Value, 2e-6)
	nearAll(t, "gradient by token", got.gradient, numbers(t, f, fmt.Sprintf("grad.%s.%g", strings.ReplaceAll(c.Loss, "/", "."), c.Beta)))
	tally := tally{}
	j := &judged{ref: in.ref, length: in.length, sign: in.sign, numbers: []int32{0, 1, 2, 3, 4, 5, 6, 7}}
	tally.add(o, j, got.logps)
	tally.compare(o, j, got.logps)
	p := tally.figures(o)
	near(t, "rewards/chosen", *p.ChosenReward, c.Chosen, 1e-5)
	near(t, "rewards/margins", *p.Margin, c.Margin, 1e-5)
	near(t, "rewards/accuracies", *p.Accuracy, c.Accuracy, 0)
}

func checkKTO(t *testing.T, f *safetensors.File, c lossCase, o *KTO) {
	tokens, lengths := recorded(t, f)
	in := lossInput{tokens: tokens, ref: numbers(t, f, "dpo.ref_logps"), length: lengths}
	labels, err := f.Bytes("kto.label")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range labels {
		in.sign = append(in.sign, 2*float32(l)-1)
	}
	if o.kl() {
		moved, sum := numbers(t, f, c.KLName), 0.0
		for i, r := range numbers(t, f, "kto.ref_KL_logps") {
			sum += float64(moved[i]) - float64(r)
		}
		in.kl = float32(max(0, sum/float64(len(moved))))
		near(t, "kl", float64(in.kl), c.KL, 1e-6)
	}
	got := in.run(t, o)
	near(t, "loss", mean(got.costs), c.Value, 2e-6)
	nearAll(t, "gradient by token", got.gradient, numbers(t, f, fmt.Sprintf("grad.%s.%g", strings.ReplaceAll(c.Loss, "/", "."), c.Beta)))
}

func checkORPO(t *testing.T, f *safetensors.File, c lossCase, o *ORPO) {
	in := lossInput{ref: make([]float32, 8), length: []float32{1, 1, 1, 1, 1, 1, 1, 1}, sign: []float32{1, 1, 1, 1, -1, -1, -1, -1}}
	for _, m := range numbers(t, f, "orpo.avg_logps") {
		in.tokens = append(in.tokens, []float32{m})
	}
	got := in.run(t, o)
	near(t, "loss", mean(got.costs), c.Value, 2e-6)
	for i, want := range c.PerPair {
		near(t, "loss of a pair", float64(got.costs[i]), want, 2e-6)
	}
	nearAll(t, "gradient by mean", got.gradient, numbers(t, f, fmt.Sprintf("grad.orpo.%g", c.Beta)))
	tally := tally{}
	j := &judged{ref: in.ref, length: in.length, sign: in.sign, numbers: []int32{0, 1, 2, 3, 4, 5, 6, 7}}
	tally.add(o, j, got.logps)
	tally.compare(o, j, got.logps)
	near(t, "log_odds_chosen", *tally.figures(o).LogOdds, c.LogOdds, 1e-5)
}

// lossInput is what a preference loss is a function of.
type lossInput struct {
	tokens            [][]float32 // log-probabilities, by answer
	ref, length, sign []float32
	kl                float32
}

type lossOutput struct {
	costs, logps []float32
	gradient     []float32 // of the mean cost by every token's log-probability
}

// run takes the loss through the very nodes that training differentiates.
func (in lossInput) run(t *testing.T, o preference) lossOutput {
	t.Helper()
	var flat, none []float32
	var owner []int32
	for i, list := range in.tokens {
		for _, v := range list {
			flat, owner, none = append(flat, -v), append(owner, int32(i)), append(none, 0)
		}
	}
	j := &judged{owner: owner, told: none, ref: in.ref, length: in.length, sign: in.sign, kl: in.kl}
	p := &program{pref: o}
	exec, err := graph.NewExec(backendtest.Open(t).Backend, func(in []*graph.Node) []*graph.Node {
		total, told := p.objective(in[0], in[1:])
		return append(told, graph.Gradient(total, in[0])...)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := call(exec, append([]*tensors.Tensor{tensors.FromFlatDataAndDimensions(flat, len(flat))}, j.tensors()...))
	if err != nil {
		t.Fatal(err)
	}
	v := values(t, out)
	for i := range v[2] { // of the sum, by the losses: minus the log-probabilities
		v[2][i] /= -float32(len(v[0]))
	}
	return lossOutput{v[0], v[1], v[2]}
}

// recorded are the token log-probabilities and the lengths of the answers.
func recorded(t *testing.T, f *safetensors.File) (tokens [][]float32, lengths []float32) {
	t.Helper()
	info, _ := f.Info("dpo.per_token_logps")
	mask, err := f.Int64("dpo.completion_mask")
	if err != nil {
		t.Fatal(err)
	}
	flat := numbers(t, f, "dpo.per_token_logps")
	rows, width := info.Shape[0], info.Shape[1]
	for r := range rows {
		tokens = append(tokens, flat[r*width:(r+1)*width])
		n := float32(0)
		for _, m := range mask[r*(width+1) : (r+1)*(width+1)] {
			n += float32(m)
		}
		lengths = append(lengths, n)
	}
	return tokens, lengths
}

func numbers(t *testing.T, f *safetensors.File, name string) []float32 {
	t.Helper()
	v, err := f.Float32(name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mean(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x)
	}
	return sum / float64(len(v))
}

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*max(math.Abs(want), 1e-3)) {
		t.Errorf("%s %.9g, want %.9g", what, got, want)
	}
}

// nearAll allows 1e-5 of the largest value.
func nearAll(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	largest, worst := 0.0, 0.0
	for i := range want {
		largest = max(largest, math.Abs(float64(want[i])))
		if d := math.Abs(float64(got[i] - want[i])); !(d <= worst) {
			worst = d
		}
	}
	if !(worst <= 1e-5*largest) {
		t.Errorf("%s differs by %.2g of %.2g", what, worst, largest)
	}
}

// The losses of TRL that have no recorded values, against their formulas in float64, with gradients by finite differences.
func TestFurtherDPOLosses(t *testing.T) {
	sigma := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	ls := func(x float64) float64 { return math.Log(sigma(x)) }
	const beta, e, tau = 0.3, 0.1, 0.05
	formulas := map[string]func(c, r float64) float64{ // of the log ratios of the chosen and the rejected
		"sigmoid": func(c, r float64) float64 { return -(1-e)*ls(beta*(c-r)) - e*ls(-beta*(c-r)) },
		"exo_pair": func(c, r float64) float64 {
			x := beta * (c - r)
			return sigma(x)*(ls(x)-math.Log(1-e)) + sigma(-x)*(ls(-x)-math.Log(e))
		},
		"nca_pair":  func(c, r float64) float64 { return -ls(beta*c) - 0.5*ls(-beta*c) - 0.5*ls(-beta*r) },
		"bco_pair":  func(c, r float64) float64 { return -ls(beta*c) - ls(-beta*r) },
		"sppo_hard": func(c, r float64) float64 { return math.Pow(c-0.5/beta, 2) + math.Pow(r+0.5/beta, 2) },
		"apo_down":  func(c, r float64) float64 { return sigma(beta*c) + 1 - sigma(beta*(c-r)) },
		"discopop": func(c, r float64) float64 {
			x := beta * (c - r)
			m := sigma(x / tau)
			return -ls(x)*(1-m) + math.Exp(-x)*m
		},
	}
	ratios := []float64{0.7, -1.1, 0.02, 3.5, 0.1, -0.4, 0.3, -2.5} // four chosen, four rejected
	in := lossInput{length: []float32{3, 4, 5, 6, 7, 8, 9, 10}, sign: []float32{1, 1, 1, 1, -1, -1, -1, -1}}
	for i, r := range ratios {
		in.tokens, in.ref = append(in.tokens, []float32{float32(r) - 1 - float32(i)}), append(in.ref, -1-float32(i))
	}
	for name, formula := range formulas {
		t.Run(name, func(t *testing.T) {
			got := in.run(t, &DPO{Beta: beta, Loss: name, Smoothing: e, Tau: tau})
			for i := range 4 {
				c, r := ratios[i], ratios[4+i]
				near(t, "cost", float64(got.costs[i]), formula(c, r), 1e-5)
				const h = 1e-5
				near(t, "gradient by the chosen", float64(got.gradient[i]), (formula(c+h, r)-formula(c-h, r))/(2*h)/4, 1e-3)
				near(t, "gradient by the rejected", float64(got.gradient[4+i]), (formula(c, r+h)-formula(c, r-h))/(2*h)/4, 1e-3)
			}
		})
	}
}

// Log-probabilities far from the reference, and equal to it, keep losses and gradients finite.
func TestLossesStayFinite(t *testing.T) {
	in := lossInput{ref: make([]float32, 8), length: []float32{1, 1, 1, 1, 1, 1, 1, 1}, sign: []float32{1, 1, 1, 0, -1, -1, -1, 0}}
	for _, v := range []float32{-800, -1e-4, -5, 0, -1e-4, -800, -5, 0} {
		in.tokens = append(in.tokens, []float32{v})
	}
	for name, o := range judgedObjectives {
		got := in.run(t, o.(preference))
		for _, v := range append(got.costs, got.gradient...) {
			if !finite(float64(v)) {
				t.Errorf("%s: costs %v, gradient %v", name, got.costs, got.gradient)
				break
			}
		}
	}
}

// aot compares sorted values: of the chosen over the rejected with the reference's, or of the chosen with the rejected. Filled-up
// places stay out. Want: the formula on sorted values, its gradient at the place where each value went.
func TestAOT(t *testing.T) {
	logp := []float64{-3, -1, -2, -7, -4, -5, 0, 0, -2.5, -2, -6, -1, -9, -4.5, 0, 0} // 6 pairs and 2 filled up
	ref := []float64{-3.5, -1.2, -2, -6, -4.4, -5, 0, 0, -2, -2.2, -5, -1.5, -9, -4, 0, 0}
	in := lossInput{}
	for i := range logp {
		in.tokens, in.ref = append(in.tokens, []float32{float32(logp[i])}), append(in.ref, float32(ref[i]))
		sign := float32(1)
		if i >= 8 {
			sign = -1
		}
		if i%8 >= 6 {
			sign = 0
		}
		in.length, in.sign = append(in.length, 1), append(in.sign, sign)
	}
	for _, name := range []string{"aot", "aot_unpaired"} {
		got := in.run(t, &DPO{Beta: 0.3, Loss: name, Smoothing: 0.1})
		var x, y [6]float64
		for i := range 6 {
			if x[i], y[i] = logp[i]-logp[8+i], ref[i]-ref[8+i]; name == "aot_unpaired" {
				x[i], y[i] = logp[i]-ref[i], logp[8+i]-ref[8+i]
			}
		}
		order := func(v [6]float64) []int {
			o := []int{0, 1, 2, 3, 4, 5}
			slices.SortStableFunc(o, func(a, b int) int { return cmp.Compare(v[a], v[b]) })
			return o
		}
		ox, oy := order(x), order(y)
		for k := range 6 {
			d := 0.3 * (x[ox[k]] - y[oy[k]])
			s := 1 / (1 + math.Exp(-d))
			near(t, name+" cost", float64(got.costs[k]), -0.9*math.Log(s)-0.1*math.Log(1-s), 1e-5)
			slope := 0.3 * (0.1*s - 0.9*(1-s)) / 8 // by x, of the mean over all eight places
			near(t, name+" gradient by the chosen", float64(got.gradient[ox[k]]), slope, 1e-4)
			if name == "aot_unpaired" {
				near(t, name+" gradient by the rejected", float64(got.gradient[8+oy[k]]), -slope, 1e-4)
			}
		}
	}
}
