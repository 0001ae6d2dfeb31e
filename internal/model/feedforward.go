package model

import (
	"github.com/gomlx/gomlx/core/graph"
)

// feedForward is down(act(gate x) · up x), or the experts' weighted sum of it.
func (m *Model) feedForward(s *Scope, layer int, x *graph.Node) *graph.Node {
	linears := m.mlpLinears(layer)
	if m.Config.Layers[layer].MoE {
		return m.experts(s, linears, x)
	}
	return m.mlp(s, linears, x)
}

// mlp runs [gate, up, down] or [gate_up, down].
func (m *Model) mlp(s *Scope, linears []Linear, x *graph.Node) *graph.Node {
	var gate, up *graph.Node
	if len(linears) == 2 {
		parts := split(linear(s, linears[0], x), linears[0].Parts)
		gate, up = parts[0], parts[1]
	} else {
		gate, up = linear(s, linears[0], x), linear(s, linears[1], x)
	}
	return linear(s, linears[len(linears)-1], m.gated(s, gate, up))
}

// gated is act(gate) · up. Of its inner values the backward pass needs none but act and its slope, which it computes again from the
// gate: less work than to keep them in memory of the widest size of a layer, twice.
func (m *Model) gated(s *Scope, gate, up *graph.Node) *graph.Node {
	if s.Remat { // all of the layer is computed again
		return graph.Mul(m.activate(gate), up)
	}
	var d adjoint
	var act, again *graph.Node
	once := func() {
		if act == nil {
			again = After(gate, d.value)
			act = m.activate(again)
		}
	}
	g := d.input(gate, func() *graph.Node {
		once()
		return graph.Gradient(graph.ReduceAllSum(graph.Mul(act, graph.StopGradient(graph.Mul(d.value, up)))), again)[0]
	})
	u := d.input(up, func() *graph.Node {
		once()
		return graph.Mul(d.value, act)
	})
	return d.output(graph.Mul(m.activate(g), u))
}

func (m *Model) activate(x *graph.Node) *graph.Node {
	switch m.Config.Activation {
	case GELUTanh: // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
		inner := graph.MulScalar(graph.Mul(x, graph.OnePlus(graph.MulScalar(graph.Square(x), 0.044715))), 0.7978845608028654)
		return graph.MulScalar(graph.Mul(x, graph.OnePlus(graph.Tanh(inner))), 0.5)
	case GELU:
		return graph.MulScalar(graph.Mul(x, graph.OnePlus(graph.Erf(graph.MulScalar(x, 0.7071067811865476)))), 0.5)
	default:
		return graph.Mul(x, graph.Sigmoid(x))
	}
}
