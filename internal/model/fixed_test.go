package model_test

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
)

// What no gradient is taken of is read where it lies: on the Go backend an identity of a parameter is a copy of it, one of all
// weights for each token.
func TestFixedIsNotCopied(t *testing.T) {
	for _, tied := range []string{"true", "false"} {
		cfg, err := model.ParseConfig([]byte(`{"model_type":"llama","vocab_size":64,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,
			"num_attention_heads":4,"num_key_value_heads":2,"rms_norm_eps":1e-5,"tie_word_embeddings":` + tied + `}`))
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		copies := func(fixed func(*graph.Node) bool, loss bool) (n int) {
			w := m.Init(1)
			var args []any
			for _, name := range w.Names() {
				args = append(args, w[name])
			}
			args = append(args, tensors.FromFlatDataAndDimensions([]int32{1, 2, 3, 4}, 1, 4))
			if _, err := graph.CallOnceN(backendtest.Open(t).Backend, func(in []*graph.Node) []*graph.Node {
				nodes := map[string]*graph.Node{}
				for i, name := range w.Names() {
					nodes[name] = in[i]
				}
				s := &model.Scope{Param: model.ParamsOf(nodes), Fixed: fixed}
				tokens := in[len(in)-1]
				out := m.Hidden(s, model.Batch{Tokens: tokens})
				if loss {
					out = m.TokenLoss(s, out, tokens)
				} else {
					out = m.Logits(s, out)
				}
				n = identities(out, map[*graph.Node]bool{})
				return []*graph.Node{out}
			}, args...); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, loss := range []bool{false, true} {
			if n := copies(model.Inference, loss); n != 0 {
				t.Errorf("tied %s, loss %v: %d weights are copied that no gradient is taken of", tied, loss, n)
			}
			if n := copies(nil, loss); n != 2*7+1 { // seven projections a layer, and the head
				t.Errorf("tied %s, loss %v: %d weights are prepared for their gradients, want %d", tied, loss, n, 2*7+1)
			}
		}
	}
}

// identities counts those of parameters on which n depends.
func identities(n *graph.Node, seen map[*graph.Node]bool) (count int) {
	if seen[n] {
		return 0
	}
	seen[n] = true
	for _, in := range n.Inputs() {
		if n.Type() == graph.NodeTypeIdentity && in.Type() == graph.NodeTypeParameter {
			count++
		}
		count += identities(in, seen)
	}
	return count
}
