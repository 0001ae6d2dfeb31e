package backend

import (
	"errors"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Prove multiplies two matrices on the backend and compares the product with one made by hand. The numbers are small and
// whole, so that every backend has to give them exactly.
func (b Backend) Prove() (err error) {
	defer func() { // graph functions panic
		if p := recover(); p != nil {
			err = fmt.Errorf("multiply matrices on %s: %v", b.Name, p)
		}
	}()
	const n = 64
	x, y := make([]float32, n*n), make([]float32, n*n)
	for i := range x {
		x[i], y[i] = float32(i%7), float32(i%11-5)
	}
	exec, err := graph.NewExec(b.Backend, func(x, y *graph.Node) *graph.Node { return graph.MatMul(x, y) })
	if err != nil {
		return fmt.Errorf("multiply matrices on %s: %w", b.Name, err)
	}
	defer exec.Finalize()
	out, err := exec.Call(tensors.FromFlatDataAndDimensions(x, n, n), tensors.FromFlatDataAndDimensions(y, n, n))
	if err != nil {
		return fmt.Errorf("multiply matrices on %s: %w", b.Name, err)
	}
	got, err := tensors.CopyFlatData[float32](out[0])
	if err != nil {
		return fmt.Errorf("multiply matrices on %s: %w", b.Name, err)
	}
	for r := range n {
		for c := range n {
			var want float32
			for k := range n {
				want += x[r*n+k] * y[k*n+c]
			}
			if got[r*n+c] != want {
				return fmt.Errorf("multiply matrices on %s: [%d, %d] is %v, want %v", b.Name, r, c, got[r*n+c], want)
			}
		}
	}
	return errors.Join(out[0].FinalizeAll())
}
