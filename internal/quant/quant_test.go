package quant_test

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
	"fettle/internal/model/modeltest"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
)

// Edges, worked out by hand from the rules in golden/models/README.md; the midpoint of codes 7 and 8 is 0.039790150.
func TestNF4Edges(t *testing.T) {
	row := func(first ...float32) []float32 { return append(first, make([]float32, quant.Block-len(first))...) }
	tests := []struct {
		name   string
		in     []float32
		packed []byte // the first bytes
		absmax []float32
	}{
		{"values of codes", row(1, -1, 0, 0.33791524), []byte{0xf0, 0x7b, 0x77}, []float32{1}},
		{"a midpoint goes down, just above it up", row(1, 0.03979015, 0.03979016), []byte{0xf7, 0x87}, []float32{1}},
		{"a block of zeros", row(0), []byte{0x77, 0x77}, []float32{0}},
		{"a block of less than 1e-38", row(9e-39, -9e-39), []byte{0x77, 0x77}, []float32{9e-39}},
		{"a partial block of zeros", []float32{0, 0, 0}, []byte{0x77, 0x77}, []float32{1e-38}},
		{"an odd count is filled up", []float32{-2, 2, -2}, []byte{0x0f, 0x07}, []float32{2}},
		{"two blocks", append(row(4), -8), []byte{0xf7, 0x77}, []float32{4, 8}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			packed, absmax := quant.Quantise(tc.in)
			if len(packed) != (len(tc.in)+1)/2 {
				t.Errorf("%d bytes for %d values", len(packed), len(tc.in))
			}
			if diff := cmp.Diff(tc.packed, packed[:len(tc.packed)]); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.absmax, absmax); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The widest gap between two codes is 0.3038 (from -1 to -0.696): no value moves by more than half of it times its absmax.
func TestNF4Bound(t *testing.T) {
	values := wave(1000)
	packed, absmax := quant.Quantise(values)
	for i, v := range quant.Dequantise(packed, absmax, quant.NF4, len(values)) {
		if math.Abs(float64(v-values[i])) > 0.152*float64(absmax[i/quant.Block]) {
			t.Fatalf("value %d: %v became %v", i, values[i], v)
		}
	}
}

func TestMaps(t *testing.T) {
	for name, m := range map[string]*quant.Map8{"signed": &quant.Signed, "unsigned": &quant.Unsigned} {
		if !slices.IsSorted(m[:]) || m[255] != 1 || slices.Index(m[:], 0) < 0 {
			t.Errorf("%s map: %v", name, m)
		}
		codes, absmax := m.Quantise(m[:]) // every value of the map is its own code
		for i, c := range codes {
			if int(c) != i {
				t.Errorf("%s value %v got code %d, want %d", name, m[i], c, i)
			}
		}
		if diff := cmp.Diff([]float32{1}, absmax); diff != "" {
			t.Error(diff)
		}
	}
	// The first values beside 0: 1e-6 · (0.1 + 1)/2, and with twice as many steps 1e-6 · (0.1 + 0.55)/2.
	for _, v := range []struct{ got, want float32 }{{quant.Signed[128], 5.5e-7}, {quant.Signed[126], -5.5e-7}, {quant.Unsigned[1], 3.25e-7}} {
		if math.Abs(float64(v.got/v.want-1)) > 2e-7 {
			t.Errorf("smallest values: %v, want %v", v.got, v.want)
		}
	}
}

func wave(n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(math.Sin(float64(i*i)) * (1 + float64(i%7)))
	}
	return out
}

// Matrices of awkward sizes go through a file to the same bits.
func TestMatrixThroughFile(t *testing.T) {
	for _, shape := range [][]int{{64, 64}, {7, 13}, {3, 100}, {300, 64}} {
		for _, double := range []bool{false, true} {
			for _, d := range []safetensors.DType{safetensors.F32, safetensors.BF16, safetensors.F16} {
				m := quant.Pack(wave(shape[0]*shape[1]), shape, d, double)
				path := filepath.Join(t.TempDir(), "model.safetensors")
				if err := safetensors.Write(path, m.Tensors("w"), nil); err != nil {
					t.Fatal(err)
				}
				f, err := safetensors.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				back, err := quant.Read(f, "w")
				if err != nil {
					t.Fatal(err)
				}
				f.Close()
				if diff := cmp.Diff(m, back); diff != "" {
					t.Fatalf("%v %v %s: %s", shape, double, d, diff)
				}
			}
		}
	}
}

// config is a Llama of one layer whose matrices are no multiples of a block.
const config = `{"model_type": "llama", "vocab_size": 12, "hidden_size": 10, "intermediate_size": 14, "num_attention_heads": 2, "head_dim": 6,
	"num_hidden_layers": 1, "rms_norm_eps": 1e-5, "tie_word_embeddings": false}`

func writeModel(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	c, err := model.ParseConfig([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save(dir, m.Init(1), "bf16"); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestQuantisedModel(t *testing.T) {
	m, set, w := load(t, writeModel(t), &quant.Options{Double: true, Skip: []string{"o_proj"}})
	if set.Len() != 6 || set.Spec("lm_head.weight") != nil || set.Spec("model.layers.0.self_attn.o_proj.weight") != nil {
		t.Fatalf("%d matrices in 4 bits", set.Len())
	}
	dense, err := set.Dense(m, w)
	if err != nil {
		t.Fatal(err)
	}
	b := backendtest.Open(t)
	tokens := tensors.FromFlatDataAndDimensions([]int32{1, 2, 3, 4}, 1, 4)
	forward := func(s *model.Scope, in []*graph.Node) []*graph.Node {
		return []*graph.Node{m.Logits(s, m.Hidden(s, model.Batch{Tokens: in[0]}))}
	}
	clones := model.Weights{}
	for name, x := range dense {
		if clones[name], err = x.LocalClone(); err != nil {
			t.Fatal(err)
		}
	}
	want := modeltest.Flat(t, modeltest.Run(t, b, clones, clones.Names(), forward, tokens)[0])
	got := modeltest.Flat(t, modeltest.Run(t, b, w, w.Names(), func(s *model.Scope, in []*graph.Node) []*graph.Node { set.Apply(s); return forward(s, in) }, tokens)[0])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("logits differ from those of dequantised weights: %s", diff)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := set.Save(path, m, w, safetensors.BF16); err != nil {
		t.Fatal(err)
	}
	again := &quant.Set{}
	w2, err := m.LoadWith(model.Loader{Formats: again.Formats(nil)}, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range w.Names() {
		if !w[name].Equal(w2[name]) {
			t.Errorf("%s differs after a round trip", name)
		}
	}
}

// A file whose tensors and quant_state do not fit together is refused by name.
func TestLoadRefuses(t *testing.T) {
	const name = "model.layers.0.mlp.up_proj.weight"
	plain := func(shape ...int) safetensors.Tensor {
		return safetensors.FromFloat32(name, safetensors.F32, make([]float32, shape[0]*shape[1]), shape...)
	}
	tests := []struct {
		name   string
		change func(list []safetensors.Tensor) []safetensors.Tensor
		want   string
	}{
		{"bytes without quant_state", func(l []safetensors.Tensor) []safetensors.Tensor { return without(l, "quant_state") }, name + " is U8"},
		{"quant_state without bytes", func(l []safetensors.Tensor) []safetensors.Tensor {
			return append(without(l, name), plain(14, 10))
		}, "not in 4 bits"},
		{"no absmax", func(l []safetensors.Tensor) []safetensors.Tensor { return without(l, ".absmax") }, ".absmax"},
		{"a tensor too many", func(l []safetensors.Tensor) []safetensors.Tensor {
			return append(l, safetensors.FromFloat32(name+".SCB", safetensors.F32, []float32{1}, 1))
		}, name + ".SCB is not part"},
		{"another shape", func(l []safetensors.Tensor) []safetensors.Tensor {
			return append(without(l, ""), quant.Pack(make([]float32, 140), []int{10, 14}, safetensors.F32, false).Tensors(name)...)
		}, "has shape [10 14], want [14 10]"},
	}
	dir := writeModel(t)
	m, set, w := load(t, dir, &quant.Options{})
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var all []safetensors.Tensor
			for _, p := range m.Parameters() {
				if set.Spec(p.Name) == nil {
					all = append(all, safetensors.FromFloat32(p.Name, safetensors.F32, modeltest.Flat(t, w[p.Name]), p.Shape...))
					continue
				}
				matrix, err := set.Matrix(w, p.Name)
				if err != nil {
					t.Fatal(err)
				}
				list := matrix.Tensors(p.Name)
				if p.Name == name {
					list = tc.change(list)
				}
				all = append(all, list...)
			}
			path := filepath.Join(t.TempDir(), "model.safetensors")
			if err := safetensors.Write(path, all, nil); err != nil {
				t.Fatal(err)
			}
			other := &quant.Set{}
			_, err := m.LoadWith(model.Loader{Formats: other.Formats(nil)}, path)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// without leaves out the tensor of that name, or all whose names hold the part; "" leaves out all.
func without(list []safetensors.Tensor, part string) (kept []safetensors.Tensor) {
	for _, x := range list {
		own := strings.HasSuffix(part, ".weight")
		if own && x.Name == part || !own && strings.Contains(x.Name, part) {
			continue
		}
		kept = append(kept, x)
	}
	return kept
}

// Weights in the file of another storage type (bnb_4bit_quant_storage) are the same bytes.
func TestOtherStorageType(t *testing.T) {
	m := quant.Pack(wave(128), []int{2, 64}, safetensors.F32, false)
	var list []safetensors.Tensor
	for _, x := range m.Tensors("w") {
		if x.Name == "w" {
			x.DType, x.Shape = safetensors.BF16, []int{32, 1}
		}
		list = append(list, x)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := safetensors.Write(path, list, nil); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	back, err := quant.Read(f, "w")
	if err != nil || !bytes.Equal(back.Packed, m.Packed) {
		t.Errorf("%v", err)
	}
}
