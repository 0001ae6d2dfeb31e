package model_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend/backendtest"
	"fettle/internal/lora"
	"fettle/internal/model"
)

// partsShape is a Llama with a micro-batch, as in bench/train.
type partsShape struct{ layers, hidden, ffn, heads, kv, vocab, rows, length, rank int }

var partsShapes = []struct {
	name string
	partsShape
}{
	{"L4 d256", partsShape{4, 256, 688, 8, 2, 4096, 4, 256, 8}},
	{"L12 d768", partsShape{12, 768, 2048, 12, 4, 32000, 1, 512, 8}},
}

func (s partsShape) model(b *testing.B) *model.Model {
	cfg, err := model.ParseConfig(fmt.Appendf(nil, `{"model_type":"llama","hidden_act":"silu","hidden_size":%d,"intermediate_size":%d,"num_hidden_layers":%d,
		"num_attention_heads":%d,"num_key_value_heads":%d,"vocab_size":%d,"rms_norm_eps":1e-5,"rope_theta":10000.0}`, s.hidden, s.ffn, s.layers, s.heads, s.kv, s.vocab))
	if err != nil {
		b.Fatal(err)
	}
	m, err := model.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func (s partsShape) tokens() int { return s.rows * s.length }

// BenchmarkParts measures what a LoRA step's gradients are made of, each part in a program of its own over all layers: the products
// of the linear layers forward and back, with the adapter's and without; attention with its rotations; head and loss. What the
// whole takes beyond their sum are norms, gates, residuals, the embedding, and what lies between parts. gflop/s is of products
// alone; "peak" is a square product that a processor is at its best with. docs/profile.md is its page:
//
//	FETTLE_TEST_BACKEND=xla:cpu CGO_ENABLED=1 go test -tags xla ./internal/model -run xxx -bench Parts
func BenchmarkParts(b *testing.B) {
	for _, s := range partsShapes {
		b.Run(s.name, func(b *testing.B) {
			m := s.model(b)
			b.Run("peak", func(b *testing.B) { s.peak(b) })
			b.Run("products", func(b *testing.B) { s.products(b, m, 0) })
			b.Run("products and adapters", func(b *testing.B) { s.products(b, m, s.rank) })
			b.Run("attention", func(b *testing.B) { s.attention(b, m) })
			b.Run("head and loss", func(b *testing.B) { s.head(b, m) })
			b.Run("whole", func(b *testing.B) { s.whole(b, m) })
		})
	}
}

// partInputs makes random inputs.
type partInputs struct {
	rng *rand.Rand
	all []any
}

func (in *partInputs) floats(dims ...int) {
	values := make([]float32, shapes.Make(dtypes.Float32, dims...).Size())
	for i := range values {
		values[i] = float32(in.rng.NormFloat64() / 50)
	}
	in.all = append(in.all, tensors.FromFlatDataAndDimensions(values, dims...))
}

func (in *partInputs) ids(below int, dims ...int) {
	values := make([]int32, shapes.Make(dtypes.Int32, dims...).Size())
	for i := range values {
		values[i] = in.rng.Int32N(int32(below))
	}
	in.all = append(in.all, tensors.FromFlatDataAndDimensions(values, dims...))
}

func newPartInputs() *partInputs { return &partInputs{rng: rand.New(rand.NewPCG(1, 2))} }

// time runs a program; flops are those of its products.
func (in *partInputs) time(b *testing.B, flops int, build func(in []*graph.Node) []*graph.Node) {
	exec, err := graph.NewExec(backendtest.Open(b).Backend, build)
	if err != nil {
		b.Fatal(err)
	}
	defer exec.Finalize()
	run := func() {
		out, err := exec.Call(in.all...)
		if err != nil {
			b.Fatal(err)
		}
		for _, x := range out {
			x.MustFinalizeAll()
		}
	}
	run()
	before := backendtest.CPU(b)
	for b.Loop() {
		run()
	}
	b.ReportMetric((backendtest.CPU(b)-before)*1e3/float64(b.N), "cpu-ms")
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms")
	b.ReportMetric(0, "ns/op")
	if flops > 0 {
		b.ReportMetric(float64(flops)*float64(b.N)/b.Elapsed().Seconds()/1e9, "gflop/s")
	}
}

func (s partsShape) peak(b *testing.B) {
	const n = 1024
	in := newPartInputs()
	in.floats(n, n)
	in.floats(n, n)
	in.time(b, 2*n*n*n, func(in []*graph.Node) []*graph.Node { return []*graph.Node{graph.Dot(in[0], in[1]).Product()} })
}

// products of every linear layer but the head: y = W x and dx = W^T dy, and of an adapter what it adds and trains.
func (s partsShape) products(b *testing.B, m *model.Model, rank int) {
	in, flops, n := newPartInputs(), 0, s.tokens()
	each := 3
	if rank > 0 {
		each = 5
	}
	for _, p := range m.Parameters() {
		if !p.Linear() || p.Name == "lm_head.weight" {
			continue
		}
		rows, cols := p.Shape[0], p.Shape[1]
		in.floats(n, cols)
		in.floats(n, rows)
		in.floats(rows, cols)
		flops += 2 * 2 * n * rows * cols
		if rank > 0 {
			in.floats(rank, cols)
			in.floats(rows, rank)
			flops += 3 * 2 * n * rank * (rows + cols)
		}
	}
	in.time(b, flops, func(in []*graph.Node) (out []*graph.Node) {
		for ; len(in) > 0; in = in[each:] {
			x, dy, w := in[0], in[1], in[2]
			y := model.Frozen(x, func(*graph.Node) *graph.Node { return w })
			train := []*graph.Node{x}
			if rank > 0 {
				train = append(train, in[3], in[4])
				y = graph.Add(y, model.Dense(model.Dense(x, in[3]), in[4]))
			}
			out = append(append(out, y), graph.Gradient(graph.ReduceAllSum(graph.Mul(y, dy)), train...)...)
		}
		return out
	})
}

func (s partsShape) attention(b *testing.B, m *model.Model) {
	in, head := newPartInputs(), m.Config.HeadDim
	for range s.layers {
		in.floats(s.rows, s.length, s.heads, head)
		in.floats(s.rows, s.length, s.kv, head)
		in.floats(s.rows, s.length, s.kv, head)
		in.floats(s.tokens(), s.heads*head)
	}
	in.ids(2, s.rows, s.length)
	// As if every pair of a query and a key were computed: two products forward, four back.
	flops := s.layers * s.rows * s.heads * s.length * s.length * head * 2 * 6
	in.time(b, flops, func(in []*graph.Node) (out []*graph.Node) {
		last := in[len(in)-1]
		batch := model.Batch{Tokens: last, Segments: graph.OnesLike(last)}
		for i := range s.layers {
			x := in[4*i : 4*i+4]
			o := m.Attend(batch, i, x[0], x[1], x[2])
			out = append(append(out, o), graph.Gradient(graph.ReduceAllSum(graph.Mul(o, x[3])), x[:3]...)...)
		}
		return out
	})
}

func (s partsShape) head(b *testing.B, m *model.Model) {
	in := newPartInputs()
	in.floats(s.tokens(), s.hidden)
	in.floats(s.vocab, s.hidden)
	in.ids(s.vocab, s.tokens())
	in.time(b, 2*2*s.tokens()*s.hidden*s.vocab, func(in []*graph.Node) []*graph.Node {
		scope := &model.Scope{Param: model.ParamsOf(map[string]*graph.Node{"lm_head.weight": in[1]}), Fixed: model.Inference}
		losses := m.TokenLoss(scope, in[0], in[2])
		return []*graph.Node{losses, graph.Gradient(graph.ReduceAllSum(losses), in[0])[0]}
	})
}

// whole are the gradients of all adapters, as stages/train has them.
func (s partsShape) whole(b *testing.B, m *model.Model) {
	a, err := lora.New(m, lora.Config{Rank: s.rank, Alpha: 16, Targets: []string{lora.AllLinear}}, 1)
	if err != nil {
		b.Fatal(err)
	}
	in, weights := newPartInputs(), m.Init(1)
	in.ids(s.vocab, s.rows, s.length)
	in.ids(s.vocab, s.rows, s.length)
	for _, name := range a.Names() {
		in.all = append(in.all, a.Weights[name])
	}
	for _, name := range weights.Names() {
		in.all = append(in.all, weights[name])
	}
	in.time(b, 0, func(in []*graph.Node) []*graph.Node {
		nodes, trained := map[string]*graph.Node{}, in[2:2+len(a.Names())]
		for i, name := range a.Names() {
			nodes[name] = trained[i]
		}
		fixed := map[*graph.Node]bool{}
		for i, name := range weights.Names() {
			nodes[name] = in[2+len(trained)+i]
			fixed[nodes[name]] = true
		}
		scope := &model.Scope{Param: model.ParamsOf(nodes), Fixed: func(n *graph.Node) bool { return fixed[n] }}
		a.Apply(scope, lora.Options{})
		hidden := m.Hidden(scope, model.Batch{Tokens: in[0], Segments: graph.OnesLike(in[0])})
		losses := m.TokenLoss(scope, hidden, in[1])
		return append([]*graph.Node{losses}, scope.Gradient(graph.ReduceAllSum(losses), trained...)...)
	})
}
