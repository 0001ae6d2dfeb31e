package lora_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend"
	"fettle/internal/backend/backendtest"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/model/modeltest"
)

// tiny is a two-layer Llama with random weights, biases included.
func tiny(t *testing.T, tied bool) (*model.Model, model.Weights) {
	t.Helper()
	c, err := model.ParseConfig(fmt.Appendf(nil, `{"model_type": "llama", "vocab_size": 24, "hidden_size": 16, "intermediate_size": 20,
		"num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2, "rms_norm_eps": 1e-5, "attention_bias": true,
		"initializer_range": 0.3, "pad_token_id": 0, "tie_word_embeddings": %v}`, tied))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(c)
	if err != nil {
		t.Fatal(err)
	}
	w := m.Init(5)
	fill(w, 7, 0.3, func(name string) bool { return strings.HasSuffix(name, ".bias") })
	return m, w
}

// fill draws the chosen weights anew.
func fill(w model.Weights, seed uint64, size float64, choose func(name string) bool) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, name := range w.Names() {
		if !choose(name) {
			continue
		}
		values := make([]float32, w[name].Size())
		for i := range values {
			values[i] = float32(rng.NormFloat64() * size)
		}
		w[name] = tensors.FromFlatDataAndDimensions(values, w[name].Shape().Dimensions...)
	}
}

// logits of a fixed batch with adapters in a row.
func logits(t *testing.T, b backend.Backend, m *model.Model, w model.Weights, o lora.Options, adapters ...*lora.Adapter) []float32 {
	t.Helper()
	var args []any
	groups := []model.Weights{w}
	for _, a := range adapters {
		groups = append(groups, a.Weights)
	}
	for _, group := range groups {
		for _, name := range group.Names() {
			clone, err := group[name].LocalClone()
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, clone)
		}
	}
	exec, err := graph.NewExec(b.Backend, func(in []*graph.Node) *graph.Node {
		s := &model.Scope{}
		for i, group := range groups {
			nodes := map[string]*graph.Node{}
			for k, name := range group.Names() {
				nodes[name] = in[k]
			}
			in = in[len(group):]
			if i == 0 {
				s.Param = model.ParamsOf(nodes)
				continue
			}
			o.Param = model.ParamsOf(nodes)
			adapters[i-1].Apply(s, o)
		}
		return m.Logits(s, m.Hidden(s, model.Batch{Tokens: in[0]}))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Call(append(args, tensors.FromFlatDataAndDimensions([]int32{1, 5, 9, 2, 23, 0, 7, 7}, 2, 4))...)
	if err != nil {
		t.Fatal(err)
	}
	return modeltest.Flat(t, out[0])
}

func distance(a, b []float32) (worst float64) {
	for i := range a {
		worst = max(worst, nan(math.Abs(float64(a[i]-b[i]))))
	}
	return worst
}

var kinds = []struct {
	name string
	tied bool
	c    lora.Config
}{
	{"plain", true, lora.Config{Targets: []string{lora.AllLinear}}},
	{"gaussian rslora", true, lora.Config{Targets: []string{"q_proj", "down_proj"}, RsLoRA: true, Init: lora.Gaussian}},
	{"dora", true, lora.Config{Targets: []string{lora.AllLinear}, DoRA: true}},
	{"dora on everything", false, lora.Config{Targets: []string{lora.AllLinear, "embed_tokens", "lm_head"}, DoRA: true}},
	{"pissa", true, lora.Config{Targets: []string{lora.AllLinear}, Init: lora.PiSSA}},
	{"pissa of several ranks", true, lora.Config{Targets: []string{"q_proj", "v_proj"}, Init: lora.PiSSA, RsLoRA: true,
		RankPattern: []lora.Pattern{{Match: "v_proj", Value: 2}}, AlphaPattern: []lora.Pattern{{Match: "q_proj", Value: 3}}}},
	{"embedding and head", false, lora.Config{Targets: []string{"embed_tokens", "lm_head", "v_proj"}}},
	{"embedding of a tied model", true, lora.Config{Targets: []string{"embed_tokens", "v_proj"}}},
	{"head of a tied model", true, lora.Config{Targets: []string{"lm_head", "v_proj"}}},
	{"saved head of a tied model", true, lora.Config{Targets: []string{"v_proj"}, Save: []string{"lm_head"}}},
	{"saved embedding of a tied model", true, lora.Config{Targets: []string{"v_proj"}, Save: []string{"embed_tokens"}}},
	{"saved norms and projections", false, lora.Config{Targets: []string{lora.AllLinear}, Save: []string{"lm_head", "input_layernorm", "o_proj"}}},
	{"lora_bias", true, lora.Config{Targets: []string{"q_proj", "k_proj"}, LoRABias: true}},
	{"bias of the targets", true, lora.Config{Targets: []string{"q_proj"}, Bias: lora.LoRAOnly}},
	{"all biases, dora", true, lora.Config{Targets: []string{"q_proj"}, Bias: lora.All, DoRA: true}},
	{"one layer", true, lora.Config{Targets: []string{lora.AllLinear}, Layers: []int{1}, Exclude: []string{"up_proj"}}},
}

// At the start an adapter changes nothing; moved, it gives the same logits out of its files and merged.
func TestKinds(t *testing.T) {
	for _, tc := range kinds {
		t.Run(tc.name, func(t *testing.T) {
			b := backendtest.Open(t)
			m, base := tiny(t, tc.tied)
			tc.c.Rank, tc.c.Alpha = 4, 6
			a, err := lora.New(m, tc.c, 3)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(a.Attach(lora.Plain(base)), a.Check()); err != nil {
				t.Fatal(err)
			}
			trained, err := a.Residual(base)
			if err != nil {
				t.Fatal(err)
			}
			plain := logits(t, b, m, base, lora.Options{})
			if d := distance(plain, logits(t, b, m, trained, lora.Options{}, a)); d > 2e-5 {
				t.Errorf("the untrained adapter changes logits by %.1e", d)
			}
			for _, name := range a.Names() { // as if trained
				x := modeltest.Flat(t, a.Weights[name])
				for i := range x {
					x[i] += float32(0.2 * math.Sin(float64(i)+float64(len(name))))
				}
				a.Weights[name] = tensors.FromFlatDataAndDimensions(x, a.Weights[name].Shape().Dimensions...)
			}
			want := logits(t, b, m, trained, lora.Options{}, a)
			if distance(plain, want) < 0.1 {
				t.Error("the moved adapter changes nothing")
			}
			dir := t.TempDir()
			if err := a.Save(dir, "tiny"); err != nil {
				t.Fatal(err)
			}
			back, err := lora.Load(dir, m)
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(want, logits(t, b, m, base, lora.Options{}, back)); d > 5e-5 {
				t.Errorf("read back on the base, logits differ by %.1e", d)
			}
			same(t, b, m, base, back, want)
		})
	}
}

// same merges and compares.
func same(t *testing.T, b backend.Backend, m *model.Model, base model.Weights, a *lora.Adapter, want []float32) {
	t.Helper()
	merged, w, err := a.Merge(m, base, lora.MergeOptions{Untie: true})
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(want, logits(t, b, merged, w, lora.Options{})); d > 5e-5 {
		t.Errorf("merged, logits differ by %.1e", d)
	}
	dir := t.TempDir()
	if err := merged.Save(dir, w, "f32"); err != nil {
		t.Fatal(err)
	}
	again, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if w, err = again.Load(dir); err != nil {
		t.Fatal(err)
	}
	if d := distance(want, logits(t, b, again, w, lora.Options{})); d > 5e-5 {
		t.Errorf("merged, saved and read, logits differ by %.1e", d)
	}
}

func TestSeveralAdaptersEqualTheirMerges(t *testing.T) {
	b := backendtest.Open(t)
	m, base := tiny(t, true)
	var adapters []*lora.Adapter
	w := base
	for i, targets := range [][]string{{"q_proj", "down_proj"}, {lora.AllLinear}} {
		a, err := lora.New(m, lora.Config{Rank: 2 + i, Alpha: 4, Targets: targets}, int64(i))
		if err != nil {
			t.Fatal(err)
		}
		fill(a.Weights, uint64(i), 0.3, func(string) bool { return true })
		adapters = append(adapters, a)
		if _, w, err = a.Merge(m, w, lora.MergeOptions{Scale: 0.5}); err != nil {
			t.Fatal(err)
		}
	}
	got, want := logits(t, b, m, base, lora.Options{Scale: 0.5}, adapters...), logits(t, b, m, w, lora.Options{})
	if d := distance(got, want); d > 2e-5 {
		t.Errorf("logits differ by %.1e", d)
	}
	if d := distance(got, logits(t, b, m, base, lora.Options{}, adapters...)); d < 1e-2 {
		t.Errorf("the scale changes logits by %.1e only", d)
	}
}

func TestTiedMergeIsRefused(t *testing.T) {
	m, base := tiny(t, true)
	for _, targets := range [][]string{{"embed_tokens"}, {"lm_head"}} {
		a, err := lora.New(m, lora.Config{Rank: 2, Alpha: 4, Targets: targets}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.Merge(m, base, lora.MergeOptions{}); !errors.Is(err, lora.ErrTied) {
			t.Errorf("%v: %v", targets, err)
		}
	}
	m, base = tiny(t, false)
	a, err := lora.New(m, lora.Config{Rank: 2, Alpha: 4, Targets: []string{"up_proj"}, LoRABias: true}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Merge(m, base, lora.MergeOptions{}); err == nil || !strings.Contains(err.Error(), "none to take it up") {
		t.Errorf("lora_bias on a layer without bias: %v", err)
	}
}

func TestMatch(t *testing.T) {
	m, _ := tiny(t, true)
	tests := []struct {
		name string
		c    lora.Config
		want []string // rank, scale and module
		err  string
	}{
		{name: "by name, alpha of an end, rank of a path", c: lora.Config{Rank: 4, Alpha: 8, Targets: []string{"q_proj", "v_proj"},
			RankPattern:  []lora.Pattern{{Match: "layers.0.self_attn.q_proj", Value: 2}, {Match: "q_proj", Value: 8}},
			AlphaPattern: []lora.Pattern{{Match: `layers\.1\..*`, Value: 16}}},
			want: []string{"2 4 model.layers.0.self_attn.q_proj", "4 2 model.layers.0.self_attn.v_proj", "8 2 model.layers.1.self_attn.q_proj", "4 4 model.layers.1.self_attn.v_proj"}},
		{name: "the whole path by expression", c: lora.Config{Rank: 4, Alpha: 4, RsLoRA: true, Targets: []string{`/.*\.1\.mlp\.(up|down)_proj/`}},
			want: []string{"4 2 model.layers.1.mlp.up_proj", "4 2 model.layers.1.mlp.down_proj"}},
		{name: "an end is not any ending", c: lora.Config{Rank: 1, Alpha: 1, Targets: []string{"_proj"}}, err: "matches no module"},
		{name: "layers and exclusions", c: lora.Config{Rank: 1, Alpha: 1, Targets: []string{lora.AllLinear}, Layers: []int{0}, Exclude: []string{"/.*mlp.*/", "k_proj"}},
			want: []string{"1 1 model.layers.0.self_attn.q_proj", "1 1 model.layers.0.self_attn.v_proj", "1 1 model.layers.0.self_attn.o_proj"}},
		{name: "saved modules get none", c: lora.Config{Rank: 1, Alpha: 1, Targets: []string{"o_proj", "lm_head"}, Save: []string{"lm_head"}, Layers: nil},
			want: []string{"1 1 model.layers.0.self_attn.o_proj", "1 1 model.layers.1.self_attn.o_proj"}},
		{name: "a misspelt target", c: lora.Config{Rank: 1, Alpha: 1, Targets: []string{"q_proj", "gate"}}, err: `"gate" matches no module of the model: it has embed_tokens, q_proj`},
		{name: "a broken expression", c: lora.Config{Rank: 1, Alpha: 1, Targets: []string{"/(/"}}, err: "regular expression"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			modules, err := tc.c.Match(m)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error %v, want %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, mod := range modules {
				got = append(got, fmt.Sprint(mod.Rank, " ", mod.Scale, " ", mod.Name))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRatesAndDecay(t *testing.T) {
	m, _ := tiny(t, true)
	a, err := lora.New(m, lora.Config{Rank: 2, Alpha: 2, Targets: []string{"embed_tokens", "q_proj"}, Bias: lora.LoRAOnly, DoRA: true, PlusRatio: 16, Layers: nil}, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	rates, decays := a.Rates(2e-4), a.Decays()
	for i, name := range a.Names() {
		if !strings.Contains(name, "layers.1") {
			got = append(got, fmt.Sprintf("%s %.3g %v", name, rates[i], decays[i]))
		}
	}
	want := []string{
		"model.embed_tokens.lora_embedding_A 0.005 true", "model.embed_tokens.lora_embedding_B 0.005 true", "model.embed_tokens.lora_magnitude_vector 16 true",
		"model.layers.0.self_attn.q_proj.lora_A.weight 1 true", "model.layers.0.self_attn.q_proj.lora_B.weight 16 true",
		"model.layers.0.self_attn.q_proj.lora_magnitude_vector 16 true", "model.layers.0.self_attn.q_proj.base_layer.bias 16 false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What is not understood, missing or too much is an error that names it.
func TestLoadRefuses(t *testing.T) {
	m, _ := tiny(t, true)
	tests := []struct{ name, from, to, want string }{
		{"an unconverted pissa", `"init_lora_weights": true`, `"init_lora_weights": "pissa_niter_4"`, "changed weights"},
		{"another method", `"LORA"`, `"IA3"`, "only LORA"},
		{"a setting that is not supported", `"use_rslora": false`, `"use_rslora": false, "use_qalora": true`, "use_qalora is true"},
		{"a target that the file has not", `"q_proj"`, `"q_proj", "k_proj"`, "self_attn.k_proj.lora_A.weight is missing"},
		{"a tensor without target", `"q_proj"`, `"model.layers.0.self_attn.q_proj"`, "belongs to no target"},
		{"another rank", `"r": 2`, `"r": 3`, "has shape [2 16], want [3 16]"},
		{"no target in the model", `"q_proj"`, `"query"`, "matches no module"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a, err := lora.New(m, lora.Config{Rank: 2, Alpha: 4, Targets: []string{"q_proj"}}, 1)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := a.Save(dir, "tiny"); err != nil {
				t.Fatal(err)
			}
			replaceIn(t, filepath.Join(dir, "adapter_config.json"), tc.from, tc.to)
			if _, err := lora.Load(dir, m); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func replaceIn(t *testing.T, path, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(raw), from, to, 1)
	if changed == string(raw) {
		t.Fatalf("%s is not in %s", from, raw)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}
