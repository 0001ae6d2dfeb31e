package model_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend"
	"fettle/internal/model"
)

// layered is a model of so many layers, which share the tables of positions and the masks.
func layered(t *testing.T, layers int) *model.Model {
	t.Helper()
	cfg, err := model.ParseConfig(fmt.Appendf(nil, `{"model_type":"llama","vocab_size":64,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":%d,
		"num_attention_heads":4,"num_key_value_heads":2,"rms_norm_eps":1e-5,"tie_word_embeddings":false}`, layers))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// gradient builds the gradient of the first layer's q_proj for a row of so many tokens, through all layers, and gives what it is
// computed from and the names of the weights among it.
func gradient(t *testing.T, m *model.Model, length int, compute dtypes.DType, remat bool) (used []*graph.Node, names map[*graph.Node]string) {
	t.Helper()
	w := m.Init(1)
	var args []any
	for _, name := range w.Names() {
		args = append(args, w[name])
	}
	row := make([]int32, length)
	for i := range row {
		row[i] = int32(i % m.Config.Vocab)
	}
	args = append(args, tensors.FromFlatDataAndDimensions(row, 1, length))
	b, err := backend.Open("go") // whichever is tested: of the graph its operations are looked at, not what they compute
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if _, err := graph.CallOnceN(b.Backend, func(in []*graph.Node) []*graph.Node {
		nodes := map[string]*graph.Node{}
		names = map[*graph.Node]string{}
		for i, name := range w.Names() {
			nodes[name], names[in[i]] = in[i], name
		}
		s := &model.Scope{Param: model.ParamsOf(nodes), Compute: compute, Remat: remat}
		tokens := in[len(in)-1]
		loss := graph.ReduceAllSum(m.TokenLoss(s, m.Hidden(s, model.Batch{Tokens: tokens}), model.Shift(tokens)))
		out := s.Gradient(loss, s.Param("model.layers.0.self_attn.q_proj.weight"))
		used = reachable(out[0], map[*graph.Node]bool{})
		return out
	}, args...); err != nil {
		t.Fatal(err)
	}
	return used, names
}

// reachable is what n is computed from, and n.
func reachable(n *graph.Node, seen map[*graph.Node]bool) (all []*graph.Node) {
	if seen[n] {
		return nil
	}
	seen[n] = true
	for _, in := range n.Inputs() {
		all = append(all, reachable(in, seen)...)
	}
	return append(all, n)
}

// Where a model computes in half precision, all products with the matrices of its layers do, forward and backward: none is one of
// float32, whose results are rounded afterwards.
func TestProductsAreInHalfPrecision(t *testing.T) {
	used, names := gradient(t, layered(t, 2), 12, dtypes.BFloat16, false)
	products := 0
	for _, n := range used {
		if n.Type() != graph.NodeTypeDotGeneral {
			continue
		}
		for _, in := range n.Inputs() {
			name := names[source(in)]
			if !strings.HasPrefix(name, "model.layers.") {
				continue
			}
			products++
			if in.DType() != dtypes.BFloat16 || n.DType() != dtypes.BFloat16 {
				t.Errorf("%s: a product of %s gives %s", name, in.DType(), n.DType())
			}
		}
	}
	// Seven a layer forward; as many backward but those of the first layer's q, k and v, before which nothing trains.
	if want := 2*7 + 2*7 - 3; products != want {
		t.Errorf("%d products with weights, want %d", products, want)
	}
}

// source is the value that only changed its type or form on the way to n.
func source(n *graph.Node) *graph.Node {
	for {
		switch n.Type() {
		case graph.NodeTypeIdentity, graph.NodeTypeConvertDType, graph.NodeTypeReshape, graph.NodeTypeTranspose:
			n = n.Inputs()[0]
		default:
			return n
		}
	}
}

// On a GPU no value has more users in a deeper model: what all layers share, each has behind a barrier of its own. Products are no
// matter: they are kernels by themselves.
func TestNothingIsSharedByAllLayers(t *testing.T) {
	defer model.AsOnGPU()()
	most := func(layers int) (most int, of string) {
		used, _ := gradient(t, layered(t, layers), 12, dtypes.Float32, true)
		users := map[*graph.Node]int{}
		for _, n := range used {
			switch n.Type() {
			case graph.NodeTypeSchedulingBarrier, graph.NodeTypeOptimizationBarrier, graph.NodeTypeDotGeneral:
				continue
			}
			for _, in := range n.Inputs() {
				if in.IsScalar() { // a constant, which compilers write into each use
					continue
				}
				if users[in]++; users[in] > most {
					most, of = users[in], fmt.Sprint(in.Type(), " ", in.Shape())
				}
			}
		}
		return most, of
	}
	few, _ := most(2)
	if many, of := most(12); many > few {
		t.Errorf("with 12 layers a value has %d users, with 2 layers %d: %s", many, few, of)
	}
}

// Few rows of logits are worked on at once, on a GPU four times as many: 64 and 256 here, so 512 rows in eight products and in two.
func TestChunksOfLogits(t *testing.T) {
	defer model.Small()()
	count := func() (n int) {
		used, _ := gradient(t, layered(t, 1), 512, dtypes.Float32, false)
		for _, u := range used { // logits and their slopes: [rows, 64 columns]
			if u.Type() == graph.NodeTypeExp && u.Rank() == 2 && u.Shape().Dim(1) == 64 {
				n++
			}
		}
		return n
	}
	small := count()
	defer model.AsOnGPU()()
	if large := count(); small != 4*large || large == 0 {
		t.Errorf("logits in %d chunks, and on a GPU in %d", small, large)
	}
}

// The estimate of memory is that of the graph: a GPU's blocks of scores are larger, and its chunks of logits are of four times as
// many rows.
func TestFootprintOfLargeOperations(t *testing.T) {
	m := layered(t, 2)
	at := func(length int, large bool) model.Footprint {
		return m.Footprint(model.Training{Rows: 3, Length: length, Width: 4, Remat: true, Large: large})
	}
	const heads, float = 4 * 3, 4
	few, many := at(2048, true), at(2048, false)
	if got, want := few.Inside-many.Inside, int64(3*heads*float*(512-256)*2048); got != want {
		t.Errorf("a block takes %d bytes more, want %d", got, want)
	}
	// 64 columns: 2^18 rows of logits at once, of 3·2^18 rows in all.
	few, many = at(1<<18, true), at(1<<18, false)
	if got, want := few.Head-many.Head, int64(2*float*64*(3-1)<<18); got != want {
		t.Errorf("logits take %d bytes more, want %d", got, want)
	}
}
