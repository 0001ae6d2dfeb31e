package lora_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
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
	"fettle/internal/quant"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

// reference is a golden case: a base model, an adapter on it, and what PEFT makes of them.
type reference struct {
	*safetensors.File
	t       testing.TB
	backend backend.Backend
	model   *model.Model
	base    model.Weights
	quant   *quant.Set
	adapter *lora.Adapter
	remat   bool
}

func openReference(t testing.TB, root, dir string) *reference {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "adapter", "adapter_config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Base string `json:"base_model_name_or_path"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	r := &reference{t: t, backend: backendtest.Open(t), quant: &quant.Set{}}
	base := filepath.Join(root, c.Base)
	if r.model, err = model.Open(base); err != nil {
		t.Fatal(err)
	}
	if r.base, err = r.model.LoadWith(model.Loader{Formats: r.quant.Formats(nil)}, base); err != nil {
		t.Fatal(err)
	}
	if r.adapter, err = lora.Load(filepath.Join(dir, "adapter"), r.model); err != nil {
		t.Fatal(err)
	}
	if r.File, err = safetensors.Open(filepath.Join(dir, "golden.safetensors")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func (r *reference) floats(name string) []float32 {
	r.t.Helper()
	v, err := r.Float32(name)
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

func (r *reference) ints(name string) *tensors.Tensor {
	r.t.Helper()
	v, err := r.Int64(name)
	if err != nil {
		r.t.Fatal(err)
	}
	out := make([]int32, len(v))
	for i := range v {
		out[i] = int32(v[i])
	}
	info, _ := r.Info(name)
	return tensors.FromFlatDataAndDimensions(out, info.Shape...)
}

// run computes the logits of the golden batch, its loss, and the loss's gradients by the adapter's weights.
func (r *reference) run(m *model.Model, base model.Weights, q *quant.Set, adapters []*lora.Adapter, o lora.Options) (logits []float32, loss float64, grads map[string][]float32) {
	r.t.Helper()
	var args []any
	var names [][]string
	add := func(w model.Weights, list []string) {
		names = append(names, list)
		for _, name := range list {
			clone, err := w[name].LocalClone()
			if err != nil {
				r.t.Fatal(err)
			}
			args = append(args, clone)
		}
	}
	add(base, base.Names())
	for _, a := range adapters {
		add(a.Weights, a.Names())
	}
	exec, err := graph.NewExec(r.backend.Backend, func(in []*graph.Node) []*graph.Node {
		var params []func(string) *graph.Node
		var trained []*graph.Node
		for i, list := range names {
			nodes := map[string]*graph.Node{}
			for k, name := range list {
				nodes[name] = in[k]
			}
			if i > 0 {
				trained = append(trained, in[:len(list)]...)
			}
			in = in[len(list):]
			params = append(params, model.ParamsOf(nodes))
		}
		s := &model.Scope{Param: params[0], Remat: r.remat}
		q.Apply(s)
		for i, a := range adapters {
			o.Param = params[i+1]
			a.Apply(s, o)
		}
		hidden := m.Hidden(s, model.Batch{Tokens: in[0], Segments: in[1]})
		targets := model.Shift(in[2])
		count := graph.ReduceAllSum(graph.ConvertDType(graph.NotEqual(targets, graph.Scalar(targets.Graph(), targets.DType(), model.Untrained)), hidden.DType()))
		loss := graph.Div(graph.ReduceAllSum(m.TokenLoss(s, hidden, targets)), count)
		out := []*graph.Node{m.Logits(s, hidden), loss}
		if len(trained) > 0 && !o.Off {
			out = append(out, s.Gradient(loss, trained...)...)
		}
		return out
	})
	if err != nil {
		r.t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Call(append(args, r.ints("input_ids"), r.ints("attention_mask"), r.ints("labels"))...)
	if err != nil {
		r.t.Fatal(err)
	}
	grads = map[string][]float32{}
	for i, g := range out[2:] {
		grads[adapters[0].Names()[i]] = modeltest.Flat(r.t, g)
	}
	return modeltest.Flat(r.t, out[0]), float64(tensors.ToScalar[float32](out[1])), grads
}

// logits compares where the attention mask is 1.
func (r *reference) logits(what string, got []float32, golden string) {
	r.t.Helper()
	want := r.floats(golden)
	mask, err := r.Int64("attention_mask")
	if err != nil {
		r.t.Fatal(err)
	}
	worst, width := 0.0, len(want)/len(mask)
	for i := range want {
		if mask[i/width] != 0 {
			worst = max(worst, nan(math.Abs(float64(got[i]-want[i]))))
		}
	}
	if worst > 1e-4 {
		r.t.Errorf("%s: logits differ by %.2e", what, worst)
	}
	shared.Parity(r.t, "Adapters", r.name(), "logits, "+what, worst, 1e-4)
	r.t.Logf("%s: logits differ by %.1e", what, worst)
}

// name is the case's.
func (r *reference) name() string {
	_, name, _ := strings.Cut(r.t.Name(), "/")
	return name
}

// nan makes a difference that is no number a large one.
func nan(d float64) float64 {
	if math.IsNaN(d) {
		return math.Inf(1)
	}
	return d
}

// cases are the folders of golden/models that hold an adapter and what PEFT computed with it.
func cases(t *testing.T) (root string, dirs []string) {
	root = shared.Path(t, "golden/models")
	for _, pattern := range []string{"lora/*/golden.safetensors", "qlora/*/golden.safetensors"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), "adapter")); err == nil {
				dirs = append(dirs, filepath.Dir(path))
			}
		}
	}
	if len(dirs) < 15 {
		t.Fatalf("only %d cases", len(dirs))
	}
	return root, dirs
}

func TestEqualsPEFT(t *testing.T) {
	root, dirs := cases(t)
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			r := openReference(t, root, dir)
			got, loss, grads := r.run(r.model, r.base, r.quant, []*lora.Adapter{r.adapter}, lora.Options{})
			r.logits("adapter", got, "logits")
			if want := float64(r.floats("loss_mean")[0]); math.Abs(loss-want) > 2e-6*want {
				t.Errorf("loss %v, want %v", loss, want)
			}
			r.gradients(grads)
			r.remat = true
			_, _, grads = r.run(r.model, r.base, r.quant, []*lora.Adapter{r.adapter}, lora.Options{})
			r.gradients(grads)
			r.remat = false
			if _, ok := r.Info("logits_adapter_disabled"); ok {
				got, _, _ = r.run(r.model, r.base, r.quant, []*lora.Adapter{r.adapter}, lora.Options{Off: true})
				r.logits("without adapter", got, "logits_adapter_disabled")
			}
			r.merged()
		})
	}
}

// An adapter that PEFT wrote, read and written again, is the same file.
func TestFilesEqualPEFT(t *testing.T) {
	root, dirs := cases(t)
	for _, dir := range dirs {
		r := openReference(t, root, dir)
		out := t.TempDir()
		if err := r.adapter.Save(out, "base"); err != nil {
			t.Fatal(err)
		}
		got, err1 := os.ReadFile(filepath.Join(out, "adapter_model.safetensors"))
		want, err2 := os.ReadFile(filepath.Join(dir, "adapter", "adapter_model.safetensors"))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d", filepath.Base(dir), len(got), len(want))
		}
		back, err := lora.Load(out, r.model)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.adapter.Modules, back.Modules); diff != "" {
			t.Errorf("%s: modules (-want +got):\n%s", filepath.Base(dir), diff)
		}
	}
}

// gradients: every one of the file, within 1e-4 of its largest value.
func (r *reference) gradients(got map[string][]float32) {
	r.t.Helper()
	worst, n := 0.0, 0
	for _, name := range r.adapter.Names() {
		want := r.floats("grad." + lora.FileName(name))
		top, diff := 0.0, 0.0
		for i, v := range want {
			top, diff = max(top, math.Abs(float64(v))), max(diff, nan(math.Abs(float64(got[name][i]-v))))
		}
		if diff > 1e-4*top {
			r.t.Errorf("gradient of %s differs by %.2e of its largest value", name, diff/top)
		}
		if top > 0 {
			worst = max(worst, diff/top)
		}
		n++
	}
	for _, name := range r.Names() {
		if strings.HasPrefix(name, "grad.") {
			n--
		}
	}
	if n != 0 {
		r.t.Errorf("%d gradients more than the reference has", n)
	}
	shared.Parity(r.t, "Adapters", r.name(), map[bool]string{false: "gradients", true: "gradients, layers recomputed"}[r.remat], worst, 1e-4)
	r.t.Logf("gradients differ by %.1e of the largest value", worst)
}

func (r *reference) merged() {
	r.t.Helper()
	base, err := r.quant.Dense(r.model, r.base)
	if err != nil {
		r.t.Fatal(err)
	}
	m, w, err := r.adapter.Merge(r.model, base, lora.MergeOptions{})
	golden := "logits_merged"
	untied := errors.Is(err, lora.ErrTied)
	if untied { // PEFT moves both uses or leaves one behind; we write both, and the logits are the adapter's
		golden = "logits"
		m, w, err = r.adapter.Merge(r.model, base, lora.MergeOptions{Untie: true})
	}
	if err != nil {
		r.t.Fatal(err)
	}
	for _, name := range r.Names() {
		p, ok := strings.CutPrefix(name, "merged.")
		if !ok || untied && p == "lm_head.weight" && r.adapter.Weights["lm_head.modules_to_save.weight"] == nil {
			continue
		}
		got, worst := modeltest.Flat(r.t, w[p]), 0.0
		for i, v := range r.floats(name) {
			worst = max(worst, nan(math.Abs(float64(got[i]-v))))
		}
		if worst > 2e-6 {
			r.t.Errorf("merged %s differs by %.2e", p, worst)
		}
	}
	if _, ok := r.Info(golden); !ok {
		golden = "logits"
	}
	got, _, _ := r.run(m, w, nil, nil, lora.Options{})
	r.logits("merged", got, golden)
}
