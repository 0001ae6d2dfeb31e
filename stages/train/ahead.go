package train

import (
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
)

// ahead prepares micro-batches while the device works on those before them. Which blocks a number stands for is a function of
// the seed, so what is foreseen is what comes; what a stop leaves over is thrown away.
type ahead struct {
	ready map[int64]chan *micro
	epoch int // of order
	order []int
	busy  time.Duration // that the first device computed
}

// prepared are a micro-batch's tensors, on the device that will compute it where that has a memory of its own.
type prepared struct {
	number int64
	inputs []*tensors.Tensor
}

// ordered is the order of the blocks in an epoch, drawn once.
func (t *training) ordered(epoch int) []int {
	if t.ahead.order == nil || t.ahead.epoch != epoch {
		t.ahead.epoch, t.ahead.order = epoch, t.data.order(t.seed, epoch, t.settings.Shuffle)
	}
	return t.ahead.order
}

// blocksOf are the blocks of the micro-batch with a number, and the number of the one behind it; none beyond the last step.
func (t *training) blocksOf(number int64) (blocks []int, next int64) {
	b := t.settings.Batch
	perEpoch, total := t.settings.steps(len(t.data.blocks))
	step, at := int(number)/b.Accumulate, int(number)%b.Accumulate
	if step >= total {
		return nil, number
	}
	order := t.ordered(step / perEpoch)
	size := b.Rows * b.Accumulate
	window := order[step%perEpoch*size : min((step%perEpoch+1)*size, len(order))]
	if at*b.Rows >= len(window) { // the window is short: on to the next step
		return t.blocksOf(int64(step+1) * int64(b.Accumulate))
	}
	return window[at*b.Rows : min((at+1)*b.Rows, len(window))], number + 1
}

// take gives the micro-batch of some blocks: the one that was foreseen, or a new one.
func (t *training) take(w *window, blocks []int, number int64) *micro {
	ready, ok := t.ahead.ready[number]
	if !ok {
		return t.micro(w, t.data, blocks)
	}
	delete(t.ahead.ready, number)
	return <-ready
}

// foresee begins to prepare as many micro-batches from a number on as there are devices. What preferences need of a window is
// not known before it begins: those are made when they are needed.
func (t *training) foresee(number int64) {
	if t.program.pref != nil {
		return
	}
	if t.ahead.ready == nil {
		t.ahead.ready = map[int64]chan *micro{}
	}
	devices := len(t.replicas) + 1
	for range devices {
		blocks, next := t.blocksOf(number)
		if len(blocks) == 0 {
			return
		}
		this := next - 1 // not always number: a window may be short
		if _, ok := t.ahead.ready[this]; !ok {
			ready := make(chan *micro, 1)
			t.ahead.ready[this] = ready
			device := compute.DeviceNum(int(this) % t.settings.Batch.Accumulate % devices) // a window begins on the first
			go func() { ready <- t.prepare(blocks, this, device) }()
		}
		number = next
	}
}

func (t *training) prepare(blocks []int, number int64, device compute.DeviceNum) *micro {
	m := t.data.micro(blocks, t.settings.Batch.Rows)
	inputs, err := batchTensors(m, t.seed<<32^number)
	if err != nil {
		return m // made again, with its error, when it is needed
	}
	for _, x := range inputs {
		if err := x.MaterializeOnDevice(t.program.backend, true, device); err != nil {
			free(inputs)
			return m
		}
	}
	m.prepared = &prepared{number, inputs}
	return m
}

// inputsOf are the tensors of a micro-batch with a number.
func (t *training) inputsOf(m *micro, number int64) ([]*tensors.Tensor, error) {
	if p := m.prepared; p != nil && p.number == number {
		m.prepared = nil
		return p.inputs, nil
	}
	return batchTensors(m, t.seed<<32^number)
}

// forget throws away what is prepared and not needed.
func (t *training) forget() {
	for number, ready := range t.ahead.ready {
		if m := <-ready; m.prepared != nil {
			free(m.prepared.inputs)
		}
		delete(t.ahead.ready, number)
	}
}

// idle is the share of the steps' time in which the first device did not compute.
func (t *training) idle() float64 {
	total := 0.0
	for _, s := range t.seconds {
		total += s
	}
	if total == 0 {
		return 0
	}
	return max(0, 1-t.ahead.busy.Seconds()/total)
}
