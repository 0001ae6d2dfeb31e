package generate_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/backendtest"
	"fettle/internal/generate"
	"fettle/internal/model"
	"fettle/internal/shared"
)

// stories is what llama2.c's run.c gave for the trained stories260K, step by step from the begin token.
type stories struct {
	Steps []struct {
		In     int32     `json:"in"`
		Argmax int32     `json:"argmax"`
		Max    float64   `json:"max_logit"`
		Mean   float64   `json:"mean_logit"`
		LSE    float64   `json:"logsumexp"`
		First  []float64 `json:"logits_0_7"`
	}
}

func TestStories260K(t *testing.T) {
	dir := shared.Path(t, "data/weights/stories260K_golden")
	m, w := readLlama2c(t, filepath.Join(dir, "stories260K.bin"))
	data, err := os.ReadFile(filepath.Join(dir, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want stories
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	b := backendtest.Open(t)
	var tokens, next []int32
	for _, s := range want.Steps {
		tokens, next = append(tokens, s.In), append(next, s.Argmax)
	}
	out := greedy(t, b, m, w, nil, generate.Options{MaxNew: len(next), EOS: []int32{}}, [][]int32{tokens[:1]})
	if diff := cmp.Diff(next, out[0].Tokens); diff != "" {
		t.Errorf("200 greedy tokens (-want +got):\n%s", diff)
	}

	names := m.Names()
	args := []any{tensors.FromFlatDataAndDimensions(tokens, 1, len(tokens))}
	for _, name := range names {
		args = append(args, w[name])
	}
	logits, err := graph.CallOnceN(b.Backend, func(in []*graph.Node) []*graph.Node {
		nodes := map[string]*graph.Node{}
		for i, name := range names {
			nodes[name] = in[1+i]
		}
		s := &model.Scope{Param: model.ParamsOf(nodes)}
		return []*graph.Node{m.Logits(s, m.Hidden(s, model.Batch{Tokens: in[0]}))}
	}, args...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := tensors.CopyFlatData[float32](logits[0])
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range want.Steps {
		row := all[i*m.Config.Vocab : (i+1)*m.Config.Vocab]
		maxLogit, mean, lse := summary(row)
		got := append([]float64{maxLogit, mean, lse}, firsts(row, len(s.First))...)
		for j, v := range append([]float64{s.Max, s.Mean, s.LSE}, s.First...) {
			if math.Abs(got[j]-v) > 1e-4 {
				t.Fatalf("position %d, value %d: got %v, want %v", i, j, got[j], v)
			}
		}
	}
}

func summary(row []float32) (top, mean, lse float64) {
	top = float64(slices.Max(row))
	var sum float64
	for _, v := range row {
		mean += float64(v) / float64(len(row))
		sum += math.Exp(float64(v) - top)
	}
	return top, mean, top + math.Log(sum)
}

func firsts(row []float32, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(row[i])
	}
	return out
}

// readLlama2c converts a llama2.c checkpoint: seven int32, then all layers of one matrix after the other, q and k in the
// order of interleaved RoPE.
func readLlama2c(t *testing.T, path string) (*model.Model, model.Weights) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var head [7]int32
	if _, err := binary.Decode(data, binary.LittleEndian, &head); err != nil {
		t.Fatal(err)
	}
	dim, hidden, layers, heads, kv, vocab := int(head[0]), int(head[1]), int(head[2]), int(head[3]), int(head[4]), int(head[5])
	cfg, err := model.ParseConfig(fmt.Appendf(nil, `{"model_type":"llama","vocab_size":%d,"hidden_size":%d,"intermediate_size":%d,
		"num_hidden_layers":%d,"num_attention_heads":%d,"num_key_value_heads":%d,"max_position_embeddings":%d,"rms_norm_eps":1e-5,
		"tie_word_embeddings":true,"bos_token_id":1,"eos_token_id":2}`, vocab, dim, hidden, layers, heads, kv, head[6]))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	rest := make([]float32, (len(data)-28)/4)
	if _, err := binary.Decode(data[28:], binary.LittleEndian, rest); err != nil {
		t.Fatal(err)
	}
	w := model.Weights{}
	take := func(permuted int, shape []int, names ...string) {
		for _, name := range names {
			n := 1
			for _, d := range shape {
				n *= d
			}
			values := rest[:n]
			rest = rest[n:]
			if permuted > 0 {
				values = halves(values, permuted, shape[1])
			}
			w[name] = tensors.FromFlatDataAndDimensions(values, shape...)
		}
	}
	each := func(name string) (names []string) {
		for i := range layers {
			names = append(names, fmt.Sprintf("model.layers.%d.%s.weight", i, name))
		}
		return names
	}
	head0 := dim / heads
	take(0, []int{vocab, dim}, "model.embed_tokens.weight")
	take(0, []int{dim}, each("input_layernorm")...)
	take(head0, []int{dim, dim}, each("self_attn.q_proj")...)
	take(head0, []int{kv * head0, dim}, each("self_attn.k_proj")...)
	take(0, []int{kv * head0, dim}, each("self_attn.v_proj")...)
	take(0, []int{dim, dim}, each("self_attn.o_proj")...)
	take(0, []int{dim}, each("post_attention_layernorm")...)
	take(0, []int{hidden, dim}, each("mlp.gate_proj")...)
	take(0, []int{dim, hidden}, each("mlp.down_proj")...)
	take(0, []int{hidden, dim}, each("mlp.up_proj")...)
	take(0, []int{dim}, "model.norm.weight")
	return m, w
}

// halves reorders the rows of each head from neighbouring pairs to halves, as Hugging Face stores them.
func halves(w []float32, head, in int) []float32 {
	out := make([]float32, len(w))
	for row := range len(w) / in {
		base, i := row/head*head, row%head
		from := base + 2*(i%(head/2)) + i/(head/2)
		copy(out[row*in:(row+1)*in], w[from*in:(from+1)*in])
	}
	return out
}
