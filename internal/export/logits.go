package export

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend"
	"fettle/internal/lora"
	"fettle/internal/model"
)

// logits runs one row of ids through a model in float32: [seq, vocab] flat. a may be nil.
func logits(b backend.Backend, m *model.Model, w model.Weights, a *lora.Adapter, ids []int32) ([]float32, error) {
	var names []string
	var args []any
	add := func(name string, t *tensors.Tensor) { names, args = append(names, name), append(args, t) }
	for _, name := range m.Names() {
		add(name, w[name])
	}
	if a != nil {
		for _, name := range a.Names() {
			add(name, a.Weights[name])
		}
	}
	exec, err := graph.NewExec(b.Backend, func(in []*graph.Node) []*graph.Node {
		nodes := map[string]*graph.Node{}
		for i, name := range names {
			nodes[name] = in[i]
		}
		s := &model.Scope{Param: model.ParamsOf(nodes), Fixed: model.Inference}
		if a != nil {
			a.Apply(s, lora.Options{})
		}
		return []*graph.Node{m.Logits(s, m.Hidden(s, model.Batch{Tokens: in[len(names)]}))}
	})
	if err != nil {
		return nil, fmt.Errorf("compute logits: %w", err)
	}
	defer exec.Finalize()
	out, err := exec.Call(append(args, tensors.FromFlatDataAndDimensions(ids, 1, len(ids)))...)
	if err != nil {
		return nil, fmt.Errorf("compute logits: %w", err)
	}
	return tensors.CopyFlatData[float32](out[0])
}

// largest is the greatest difference; NaN counts as infinite.
func largest(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var most float64
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		if d != d {
			return math.Inf(1)
		}
		most = max(most, d)
	}
	return most
}

// divergence is the mean over positions of KL(p ‖ q), in nats, of the distributions that logits stand for.
func divergence(p, q []float32, vocab int) float64 {
	var sum float64
	rows := len(p) / vocab
	for r := range rows {
		a, b := p[r*vocab:(r+1)*vocab], q[r*vocab:(r+1)*vocab]
		za, zb := logSum(a), logSum(b)
		for i := range a {
			la, lb := float64(a[i])-za, float64(b[i])-zb
			sum += math.Exp(la) * (la - lb)
		}
	}
	return max(0, sum/float64(rows))
}

func logSum(v []float32) float64 {
	most := v[0]
	for _, x := range v {
		most = max(most, x)
	}
	var sum float64
	for _, x := range v {
		sum += math.Exp(float64(x - most))
	}
	return float64(most) + math.Log(sum)
}
