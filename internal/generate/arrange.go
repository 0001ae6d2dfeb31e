package generate

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// arrange fills the cache of `to` with the rows `from` (numbered over all parts) and frees the parts.
func (p *programs) arrange(parts []*group, to *state, from []int32) error {
	args := []any{tensors.FromFlatDataAndDimensions(from, len(from))}
	shape := ""
	for _, part := range parts {
		slots := make([]int32, to.slots)
		for j := range slots { // what comes from beyond a part's slots is masked or not yet written
			slots[j] = int32(min(max(j-to.filled+part.state.filled, 0), part.state.slots-1))
		}
		args = append(args, tensors.FromFlatDataAndDimensions(slots, to.slots))
		shape += fmt.Sprintf(" %dx%d", part.state.rows, part.state.slots)
	}
	for _, part := range parts {
		args = append(args, anys(part.state.cache)...)
	}
	p.compiling("arrange%s to %dx%d", shape, to.rows, to.slots)
	out, err := p.arrangeExec[len(parts)-1].Call(args...)
	if err != nil {
		return fmt.Errorf("arrange the cache: %w", err)
	}
	to.cache = out
	for _, part := range parts {
		part.state.free()
	}
	return nil
}

// buildArrange takes rows [n] (numbered over all parts), then the slots [m] of each part, then the caches of each part
// [kv heads, rows, slots, head]; it gives caches [kv heads, n, m, head].
func buildArrange(parts int) func(in []*graph.Node) []*graph.Node {
	return func(in []*graph.Node) []*graph.Node {
		rows, slots, caches := graph.ExpandAxes(in[0], -1), in[1:1+parts], in[1+parts:]
		each := len(caches) / parts
		out := make([]*graph.Node, each)
		for i := range out {
			var all []*graph.Node // [rows, m, kv heads, head]
			for part := range parts {
				x := graph.TransposeAllAxes(caches[part*each+i], 2, 1, 0, 3)
				x = graph.Gather(x, graph.ExpandAxes(slots[part], -1))
				all = append(all, graph.TransposeAllAxes(x, 1, 0, 2, 3))
			}
			x := all[0]
			if parts > 1 {
				x = graph.Concatenate(all, 0)
			}
			out[i] = graph.TransposeAllAxes(graph.Gather(x, rows), 2, 0, 1, 3)
		}
		return out
	}
}
