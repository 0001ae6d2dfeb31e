package model_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
	"fettle/internal/model/modeltest"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

const smallConfig = `{"model_type":"llama","vocab_size":20,"hidden_size":8,"intermediate_size":12,"num_hidden_layers":2,
"num_attention_heads":2,"num_key_value_heads":1,"max_position_embeddings":64,"tie_word_embeddings":true,"initializer_range":0.5,"eos_token_id":[2,3]}`

func small(t *testing.T) *model.Model {
	t.Helper()
	cfg, err := model.ParseConfig([]byte(smallConfig))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Parameters is exactly what the golden checkpoints hold, family by family.
func TestParametersAreTheCheckpoints(t *testing.T) {
	for _, dir := range familyDirs(t) {
		m, err := model.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		f := modeltest.Open(t, dir)
		if diff := cmp.Diff(f.Names(), m.Names()); diff != "" {
			t.Errorf("%s (-file +model):\n%s", filepath.Base(dir), diff)
		}
		for _, p := range m.Parameters() {
			info, _ := f.Info(p.Name)
			if diff := cmp.Diff(info.Shape, p.Shape); diff != "" {
				t.Errorf("%s: %s (-file +model):\n%s", filepath.Base(dir), p.Name, diff)
			}
		}
	}
}

func TestInit(t *testing.T) {
	m := small(t)
	a, b, c := m.Init(1), m.Init(1), m.Init(2)
	same, other := true, true
	for _, p := range m.Parameters() {
		same = same && cmp.Equal(modeltest.Flat(t, a[p.Name]), modeltest.Flat(t, b[p.Name]))
		other = other && (!p.Decays() || !cmp.Equal(modeltest.Flat(t, a[p.Name]), modeltest.Flat(t, c[p.Name])))
	}
	if !same || !other {
		t.Errorf("equal for equal seeds: %v, different for others: %v", same, other)
	}
	var sum, squares float64
	values := modeltest.Flat(t, a["model.embed_tokens.weight"])
	for _, v := range values {
		sum, squares = sum+float64(v), squares+float64(v)*float64(v)
	}
	n := float64(len(values))
	if mean, variance := sum/n, squares/n; mean < -0.15 || mean > 0.15 || variance < 0.15 || variance > 0.35 { // 0.5² = 0.25
		t.Errorf("mean %v, variance %v", mean, variance)
	}
	if diff := cmp.Diff([]float32{1, 1, 1, 1, 1, 1, 1, 1}, modeltest.Flat(t, a["model.norm.weight"])); diff != "" {
		t.Error(diff)
	}
}

func TestSaveLoad(t *testing.T) {
	m := small(t)
	w := m.Init(1)
	for _, dtype := range []string{"f32", "bf16", "f16"} {
		dir := filepath.Join(t.TempDir(), "m")
		if err := m.Save(dir, w, dtype); err != nil {
			t.Fatal(err)
		}
		back, err := model.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		got, err := back.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		d, _ := safetensors.ParseDType(dtype)
		for _, p := range m.Parameters() {
			raw, _ := safetensors.Encode(d, modeltest.Flat(t, w[p.Name]))
			want, _ := safetensors.Decode(d, raw)
			if diff := cmp.Diff(want, modeltest.Flat(t, got[p.Name])); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", dtype, p.Name, diff)
			}
		}
		again := filepath.Join(t.TempDir(), "again")
		if err := back.Save(again, got, dtype); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"config.json", "model.safetensors"} {
			a, _ := os.ReadFile(filepath.Join(dir, name))
			b, _ := os.ReadFile(filepath.Join(again, name))
			if string(a) != string(b) {
				t.Errorf("%s: %s changes from save to save", dtype, name)
			}
		}
	}
}

// A weight beyond float16's range is no weight to save in it: the error names the tensor, and no model is left behind that
// loads.
func TestSaveOverflow(t *testing.T) {
	m := small(t)
	w := m.Init(1)
	const name = "model.layers.1.mlp.up_proj.weight"
	values := modeltest.Flat(t, w[name])
	values[3] = 70000
	w[name] = tensors.FromFlatDataAndDimensions(values, 12, 8)
	dir := t.TempDir()
	if err := m.Save(dir, w, "f16"); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "70000") {
		t.Errorf("got %v, want an error that names the tensor and its value", err)
	}
	if _, err := m.Load(dir); err == nil {
		t.Error("what was written loads")
	}
	if err := m.Save(dir, w, "bf16"); err != nil {
		t.Error(err)
	}
}

func TestLoadOnBackend(t *testing.T) {
	dir := shared.Path(t, "golden/models/families/llama3-fp16")
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := backendtest.Open(t)
	host, err := m.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	device, err := m.LoadWith(model.Loader{Backend: b.Backend}, dir)
	if err != nil {
		t.Fatal(err)
	}
	half, err := m.LoadWith(model.Loader{Backend: b.Backend, DType: dtypes.BFloat16}, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range m.Names() {
		if !device[name].IsOnDevice(0) || device[name].HasLocal() { // before it is read: that copies it from a GPU
			t.Errorf("%s does not lie on the backend alone", name)
		}
		if diff := cmp.Diff(modeltest.Flat(t, host[name]), modeltest.Flat(t, device[name])); diff != "" {
			t.Errorf("%s: host and backend differ", name)
		}
		if half[name].DType() != dtypes.BFloat16 {
			t.Errorf("%s: %s, want BFloat16", name, half[name].DType())
		}
	}
}

// Every fault of a checkpoint is an error that names the tensor; what says nothing new is accepted.
func TestLoadFaults(t *testing.T) {
	tests := []struct {
		name   string
		change func(all map[string]safetensors.Tensor)
		want   string // "" = loads
	}{
		{"as saved", func(map[string]safetensors.Tensor) {}, ""},
		{"missing", func(all map[string]safetensors.Tensor) { delete(all, "model.norm.weight") }, "model.norm.weight is missing"},
		{"unused", func(all map[string]safetensors.Tensor) {
			all["x"] = safetensors.FromFloat32("model.layers.0.self_attn.q_proj.bias", safetensors.F32, make([]float32, 8), 8)
		}, "model.layers.0.self_attn.q_proj.bias is not part of a llama model"},
		{"shape", func(all map[string]safetensors.Tensor) {
			all["model.norm.weight"] = safetensors.FromFloat32("model.norm.weight", safetensors.F32, make([]float32, 4), 4)
		}, "model.norm.weight has shape [4], want [8]"},
		{"integers", func(all map[string]safetensors.Tensor) {
			all["model.norm.weight"] = safetensors.Tensor{Info: safetensors.Info{Name: "model.norm.weight", DType: safetensors.U8, Shape: []int{8}},
				Data: func() ([]byte, error) { return make([]byte, 8), nil }}
		}, "model.norm.weight is U8"},
		{"rotary table", func(all map[string]safetensors.Tensor) {
			all["x"] = safetensors.FromFloat32("model.layers.0.self_attn.rotary_emb.inv_freq", safetensors.F32, make([]float32, 2), 2)
		}, ""},
		{"tied head, equal", func(all map[string]safetensors.Tensor) {
			head := all["model.embed_tokens.weight"]
			head.Name = "lm_head.weight"
			all["lm_head.weight"] = head
		}, ""},
		{"tied head, different", func(all map[string]safetensors.Tensor) {
			all["x"] = safetensors.FromFloat32("lm_head.weight", safetensors.F32, make([]float32, 160), 20, 8)
		}, "lm_head.weight differs from model.embed_tokens.weight"},
	}
	m := small(t)
	w := m.Init(1)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := map[string]safetensors.Tensor{}
			for _, p := range m.Parameters() {
				all[p.Name] = safetensors.FromFloat32(p.Name, safetensors.F32, modeltest.Flat(t, w[p.Name]), p.Shape...)
			}
			tt.change(all)
			var list []safetensors.Tensor
			for _, x := range all {
				list = append(list, x)
			}
			dir := t.TempDir()
			if err := safetensors.Write(filepath.Join(dir, "model.safetensors"), list, nil); err != nil {
				t.Fatal(err)
			}
			_, err := m.Load(dir)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// The end tokens are those of config.json and of generation_config.json together.
func TestEndTokens(t *testing.T) {
	cfg, err := model.ReadConfig(shared.Path(t, "golden/models/families/llama"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{2, 5}, cfg.EOS); diff != "" {
		t.Error(diff)
	}
}
