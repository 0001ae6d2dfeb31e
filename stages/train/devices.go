package train

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// replica is a device beside the first, which shares the micro-batches of a window with it. It has copies of the frozen weights,
// made once, and of those that train, made anew after every step.
type replica struct {
	device  compute.DeviceNum
	weights []*tensors.Tensor // nil: the step's are not there yet
	frozen  []*tensors.Tensor
	sums    []*tensors.Tensor // of the window's gradients
}

// open takes the devices that the settings ask for.
func (t *training) open() error {
	n := max(t.settings.Devices, 1)
	if has := t.program.backend.NumDevices(); n > has {
		return fmt.Errorf("devices is %d: the backend has %d", n, has)
	}
	for len(t.replicas) < n-1 {
		r := &replica{device: compute.DeviceNum(len(t.replicas) + 1)}
		var err error
		if r.frozen, err = t.copies(t.frozen, r.device); err != nil {
			return err
		}
		t.replicas = append(t.replicas, r)
	}
	return nil
}

// closeReplicas frees what the other devices hold.
func (t *training) closeReplicas() {
	for _, r := range t.replicas {
		free(r.weights)
		free(r.frozen)
		free(r.sums)
	}
	t.replicas = nil
}

func (t *training) copies(list []*tensors.Tensor, device compute.DeviceNum) ([]*tensors.Tensor, error) {
	out := make([]*tensors.Tensor, len(list))
	for i, x := range list {
		c, err := x.OnDeviceClone(t.program.backend, device)
		if err != nil {
			return nil, fmt.Errorf("copy weights to device %d: %w", device, err)
		}
		out[i] = c
	}
	return out, nil
}

// compute runs micro-batches, each on a device of its own, all at once. It gives what each told; the gradients are added to the
// sums of their devices.
func (t *training) compute(w *window, batches []*micro, number int64) ([][]*tensors.Tensor, error) {
	outs, errs := make([][]*tensors.Tensor, len(batches)), make([]error, len(batches))
	var all sync.WaitGroup
	for i, m := range batches[1:] {
		all.Go(func() { outs[i+1], errs[i+1] = t.onReplica(t.replicas[i], m, number+int64(i)+1) })
	}
	outs[0], w.sums, errs[0] = t.gradients(0, batches[0], number, t.state.weights, t.frozen, w.sums)
	all.Wait()
	return outs, errors.Join(errs...)
}

func (t *training) onReplica(r *replica, m *micro, number int64) (told []*tensors.Tensor, err error) {
	if r.weights == nil {
		if r.weights, err = t.copies(t.state.weights, r.device); err != nil {
			return nil, err
		}
	}
	told, r.sums, err = t.gradients(r.device, m, number, r.weights, r.frozen, r.sums)
	return told, err
}

// gradients runs a micro-batch on a device: what it tells, and the sums with its gradients in them.
func (t *training) gradients(device compute.DeviceNum, m *micro, number int64, weights, frozen, sums []*tensors.Tensor) (told, more []*tensors.Tensor, err error) {
	batch, err := t.inputsOf(m, number)
	if err != nil {
		return nil, sums, err
	}
	defer free(batch)
	exec := t.program.first
	args := append(append(append([]*tensors.Tensor{}, batch...), weights...), frozen...)
	if sums != nil {
		exec = t.program.more
		args = append(args, sums...)
	}
	began := time.Now()
	out, err := callOn(exec, device, args)
	if device == 0 && err == nil {
		tensors.ToScalar[float32](out[0]) // waits until it is computed
		t.ahead.busy += time.Since(began)
	}
	if err != nil {
		return nil, sums, t.program.explain(fmt.Errorf("gradients: %w", err), m.rows, m.length, len(m.targets))
	}
	free(sums)
	n := len(out) - len(weights)
	return out[:n], out[n:], nil
}

// gather adds the sums of the other devices to those of the first, in their order, and forgets the weights that the step is
// about to change.
func (t *training) gather(w *window) error {
	for _, r := range t.replicas {
		free(r.weights)
		r.weights = nil
		if r.sums == nil {
			continue
		}
		theirs, err := t.copies(r.sums, 0)
		if err != nil {
			return err
		}
		free(r.sums)
		r.sums = nil
		out, err := call(t.program.add, append(append([]*tensors.Tensor{}, w.sums...), theirs...))
		if err != nil {
			return fmt.Errorf("add gradients: %w", err)
		}
		free(w.sums)
		free(theirs)
		w.sums = out
	}
	return nil
}

// buildAdd adds the second half of its inputs to the first.
func buildAdd(in []*graph.Node) []*graph.Node {
	n := len(in) / 2
	out := make([]*graph.Node, n)
	for i := range out {
		out[i] = graph.Add(in[i], in[n+i])
	}
	return out
}
