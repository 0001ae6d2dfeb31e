package generate_test

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend"
	"fettle/internal/backend/backendtest"
	"fettle/internal/generate"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

func openModel(t testing.TB, dir string) (*model.Model, model.Weights) {
	t.Helper()
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := m.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m, w
}

func greedy(t testing.TB, b backend.Backend, m *model.Model, w model.Weights, a *lora.Adapter, o generate.Options, prompts [][]int32) []generate.Output {
	t.Helper()
	g, err := generate.New(m, w, a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	out, err := g.Greedy(context.Background(), prompts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tokensOf(outputs []generate.Output) [][]int32 {
	var all [][]int32
	for _, o := range outputs {
		all = append(all, o.Tokens)
	}
	return all
}

func readInts(t testing.TB, path, name string) []int32 {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v, err := f.Int64(name)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]int32, len(v))
	for i := range v {
		out[i] = int32(v[i])
	}
	return out
}

// The reference generated 16 tokens from 8 with end tokens disabled; for phi3_longrope it crosses into the long factors.
func TestGoldenTokens(t *testing.T) {
	b := backendtest.Open(t)
	root := shared.Path(t, "golden/models/families")
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			dir := filepath.Join(root, e.Name())
			m, w := openModel(t, dir)
			path := filepath.Join(dir, "golden.safetensors")
			prompt, want := readInts(t, path, "gen.prompt"), readInts(t, path, "gen.tokens")
			got := greedy(t, b, m, w, nil, generate.Options{MaxNew: len(want), EOS: []int32{}}, [][]int32{prompt})
			if diff := cmp.Diff(want, got[0].Tokens); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for i := range want {
				shared.Equals(t, "family", e.Name(), "tokens generated", got[0].Tokens[i] == want[i])
			}
			scores := readFloats(t, path, "gen.logits")
			compareScores(t, e.Name(), "cached, log-probabilities", m, stepped(t, b, m, w, prompt, len(want), 0), want, scores)
			compareScores(t, e.Name(), "read in chunks", m, stepped(t, b, m, w, prompt, len(want), 4), want, scores)
		})
	}
}

// stepped generates in a session, token by token, each with the log-probabilities of the whole vocabulary; chunk > 0 reads the
// prompt so many tokens at a time.
func stepped(t *testing.T, b backend.Backend, m *model.Model, w model.Weights, prompt []int32, n, chunk int) (tokens []generate.Token) {
	t.Helper()
	g, err := generate.New(m, w, nil, b, generate.Options{MaxNew: n, EOS: []int32{}, Chunk: chunk})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	s := g.Session(1)
	defer s.Close()
	request := generate.Request{Prompt: prompt, MaxNew: n, Logprobs: true, Top: m.Config.Vocab}
	var row *generate.Row
	if chunk > 0 && s.Long(request) {
		j, err := s.Begin(request)
		for err == nil && row == nil {
			row, err = j.Advance()
		}
		if err != nil {
			t.Fatal(err)
		}
	} else {
		rows, err := s.Join(request)
		if err != nil {
			t.Fatal(err)
		}
		row = rows[0]
	}
	for tokens = append(tokens, row.Last); len(tokens) < n; tokens = append(tokens, row.Last) {
		if err := s.Step(); err != nil {
			t.Fatal(err)
		}
	}
	return tokens
}

// compareScores holds the log-probabilities of every token of the vocabulary against the reference's logits.
func compareScores(t *testing.T, family, what string, m *model.Model, got []generate.Token, want []int32, logits []float32) {
	t.Helper()
	worst := 0.0
	for i, token := range got {
		if token.ID != want[i] {
			t.Fatalf("%s: token %d is %d, want %d", what, i, token.ID, want[i])
		}
		row := logits[i*m.Config.Vocab : (i+1)*m.Config.Vocab]
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(float64(v))
		}
		for _, c := range token.Top {
			worst = max(worst, math.Abs(c.Logprob-(float64(row[c.ID])-math.Log(sum))))
		}
	}
	shared.Differs(t, "family", family, what, worst)
	if !(worst <= 1e-4) {
		t.Errorf("%s: log-probabilities differ by %.2g", what, worst)
	}
}

func readFloats(t testing.TB, path, name string) []float32 {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v, err := f.Float32(name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// uncached gives the most likely next token at each place of some tokens, computed in one run without a cache. Where the
// longest row chooses the model's factors (longrope) nothing may be padded; else lengths are, so that few programs are compiled.
func uncached(t testing.TB, b backend.Backend, m *model.Model, w model.Weights, a *lora.Adapter) (next func(tokens []int32) []int32) {
	t.Helper()
	names := m.Names()
	all := names
	if a != nil {
		all = append(slices.Clone(names), a.Names()...)
	}
	exec, err := graph.NewExec(b.Backend, func(in []*graph.Node) []*graph.Node {
		nodes := map[string]*graph.Node{}
		for i, name := range all {
			nodes[name] = in[i]
		}
		s := &model.Scope{Param: model.ParamsOf(nodes)}
		if a != nil {
			s.Adapt = a.Hook(s.Param, nil)
		}
		return []*graph.Node{graph.ArgMax(m.Logits(s, m.Hidden(s, model.Batch{Tokens: in[len(all)]})), -1, dtypes.Int32)}
	})
	if err != nil {
		t.Fatal(err)
	}
	exec.SetMaxCache(-1)
	t.Cleanup(exec.Finalize)
	var args []any
	for _, name := range names {
		args = append(args, w[name])
	}
	if a != nil {
		for _, name := range a.Names() {
			args = append(args, a.Weights[name])
		}
	}
	return func(tokens []int32) []int32 {
		padded := slices.Clone(tokens)
		for m.Config.Stretched() == nil && len(padded)%16 != 0 {
			padded = append(padded, 0)
		}
		out, err := exec.Call(append(slices.Clone(args), tensors.FromFlatDataAndDimensions(padded, 1, len(padded)))...)
		if err != nil {
			t.Fatal(err)
		}
		best, err := tensors.CopyFlatData[int32](out[0])
		if err != nil {
			t.Fatal(err)
		}
		return best[:len(tokens)]
	}
}

// continued says what follows a prompt without a cache, given what is claimed to follow: at each place the most likely token
// after those before it. By induction it equals the claim only where the claim is what the model would say by itself.
func continued(m *model.Model, next func([]int32) []int32, prompt, claim []int32) []int32 {
	all := append(slices.Clone(prompt), claim...)
	all = all[:len(all)-1]
	out := next(all)[len(prompt)-1:]
	if r := m.Config.Stretched(); r != nil && len(prompt) <= r.Original && len(all) > r.Original { // up to here it sees the short factors
		copy(out, next(all[:r.Original])[len(prompt)-1:])
	}
	return out
}

// prompts draws n prompts of 1 to longest tokens.
func randomPrompts(n, longest, vocab int) [][]int32 {
	rng := rand.New(rand.NewPCG(5, 6))
	prompts := make([][]int32, n)
	for i := range prompts {
		prompts[i] = make([]int32, 1+rng.IntN(longest))
		for j := range prompts[i] {
			prompts[i][j] = int32(rng.IntN(vocab))
		}
	}
	return prompts
}

// A row gives the same tokens in a batch, alone, without a cache, and over borders of padding and of cache growth; with
// grouped heads, sliding windows, softcaps and an adapter.
func TestBatchAloneUncached(t *testing.T) {
	b := backendtest.Open(t)
	for _, name := range []string{"llama3", "mistral", "gemma2", "gemma3_text", "phi3_longrope"} {
		t.Run(name, func(t *testing.T) {
			m, w := openModel(t, shared.Path(t, "golden/models/families/"+name))
			for _, adapted := range []bool{false, true} {
				a := adapter(t, m, adapted)
				prompts := randomPrompts(9, 40, m.Config.Vocab)
				o := generate.Options{MaxNew: 30, EOS: []int32{}, Batch: 4}
				got := tokensOf(greedy(t, b, m, w, a, o, prompts))
				next := uncached(t, b, m, w, a)
				for i, p := range prompts {
					want := continued(m, next, p, got[i])
					if diff := cmp.Diff(want, got[i]); diff != "" {
						t.Errorf("adapted %v, prompt %d of %d tokens: batch against uncached (-want +got):\n%s", adapted, i, len(p), diff)
					}
				}
				alone := tokensOf(greedy(t, b, m, w, a, o, prompts[:1]))
				if diff := cmp.Diff(got[0], alone[0]); diff != "" {
					t.Errorf("adapted %v: alone (-batch +alone):\n%s", adapted, diff)
				}
			}
		})
	}
}

// adapter makes a LoRA adapter that changes a lot: B is not zero.
func adapter(t testing.TB, m *model.Model, wanted bool) *lora.Adapter {
	t.Helper()
	if !wanted {
		return nil
	}
	return randomAdapter(t, m, 4, 1)
}

func randomAdapter(t testing.TB, m *model.Model, rank int, seed uint64) *lora.Adapter {
	t.Helper()
	a, err := lora.New(m, lora.Config{Rank: rank, Alpha: 4 * float64(rank), Targets: []string{lora.AllLinear}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 2))
	for _, mod := range a.Modules {
		values := make([]float32, mod.Out*mod.Rank)
		for i := range values {
			values[i] = float32(rng.NormFloat64() * 0.05)
		}
		a.Weights[lora.NameB(mod.Name)] = tensors.FromFlatDataAndDimensions(values, mod.Out, mod.Rank)
	}
	return a
}

// Rows end at any of the end tokens, keep it, and do not disturb others that go on (batches shrink meanwhile).
func TestStops(t *testing.T) {
	b := backendtest.Open(t)
	m, w := openModel(t, shared.Path(t, "golden/models/families/qwen2"))
	prompts := randomPrompts(16, 20, m.Config.Vocab)
	free := greedy(t, b, m, w, nil, generate.Options{MaxNew: 90, EOS: []int32{}}, prompts)
	eos := []int32{free[0].Tokens[3], free[5].Tokens[20], free[9].Tokens[1]}
	got := greedy(t, b, m, w, nil, generate.Options{MaxNew: 90, EOS: eos}, prompts)
	stopped := 0
	for i := range prompts {
		want := free[i].Tokens
		end := slices.IndexFunc(want, func(id int32) bool { return slices.Contains(eos, id) })
		if end >= 0 {
			want = want[:end+1]
			stopped++
		}
		if diff := cmp.Diff(want, got[i].Tokens); diff != "" {
			t.Errorf("prompt %d (-want +got):\n%s", i, diff)
		}
		if got[i].Stopped != (end >= 0) {
			t.Errorf("prompt %d: stopped %v, want %v", i, got[i].Stopped, end >= 0)
		}
	}
	if stopped < 3 {
		t.Errorf("only %d rows met an end token: the test tests nothing", stopped)
	}
}

func TestGenerate(t *testing.T) {
	m, w := openModel(t, shared.Path(t, "golden/models/families/llama"))
	g, err := generate.New(m, w, nil, backendtest.Open(t), generate.Options{MaxNew: 10, EOS: []int32{}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	seen := map[int][]int32{}
	out, err := g.Generate(context.Background(), []generate.Request{{Prompt: []int32{5, 6, 7}}, {Prompt: []int32{9}}}, func(i int, token int32) bool {
		seen[i] = append(seen[i], token)
		return i != 1 || len(seen[i]) < 4 // prompt 1 is ended from outside
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range []int{10, 4} {
		if len(out[i].Tokens) != n {
			t.Errorf("prompt %d: %d tokens, want %d", i, len(out[i].Tokens), n)
		}
		if diff := cmp.Diff(out[i].Tokens, seen[i]); diff != "" {
			t.Errorf("prompt %d (-output +seen):\n%s", i, diff)
		}
	}
	if _, err := g.Greedy(context.Background(), [][]int32{{}}); err == nil {
		t.Error("an empty prompt was accepted")
	}
	if _, err := g.Greedy(context.Background(), [][]int32{{384}}); err == nil {
		t.Error("a token outside of the vocabulary was accepted")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := g.Greedy(ctx, [][]int32{{1}}); err == nil {
		t.Error("a cancelled run went on")
	}
}
