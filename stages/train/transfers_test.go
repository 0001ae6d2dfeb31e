package train

import (
	"context"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// counted is a backend that counts what goes from the host to the device, and what is compiled after something ran. Its buffers
// are those of the backend within.
type counted struct {
	compute.Backend
	mu             sync.Mutex // micro-batches are prepared beside the step
	bytes, buffers int
	ran, late      int
}

func (c *counted) buffer(b compute.Buffer, s shapes.Shape) compute.Buffer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes, c.buffers = c.bytes+int(s.ByteSize()), c.buffers+1
	return countedBuffer{b, c}
}

func (c *counted) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	b, err := c.Backend.BufferFromFlatData(device, flat, shape)
	return c.buffer(b, shape), err
}

func (c *counted) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	b, flat, err := c.Backend.NewSharedBuffer(device, shape)
	return c.buffer(b, shape), flat, err
}

func (c *counted) Builder(name string) compute.Builder {
	return countedBuilder{c.Backend.Builder(name), c}
}

type countedBuffer struct {
	compute.Buffer
	c *counted
}

func (b countedBuffer) Backend() compute.Backend { return b.c }

type countedBuilder struct {
	compute.Builder
	c *counted
}

func (b countedBuilder) Compile() (compute.Executable, error) {
	if b.c.ran > 0 {
		b.c.late++
	}
	e, err := b.Builder.Compile()
	return countedExecutable{e, b.c}, err
}

type countedExecutable struct {
	compute.Executable
	c *counted
}

func (e countedExecutable) Execute(in []compute.Buffer, donate []bool, device compute.DeviceNum) ([]compute.Buffer, error) {
	e.c.ran++
	plain := make([]compute.Buffer, len(in))
	for i, b := range in {
		plain[i] = b.(countedBuffer).Buffer
	}
	out, err := e.Executable.Execute(plain, donate, device)
	for i, b := range out {
		out[i] = countedBuffer{b, e.c}
	}
	return out, err
}

// A step brings its batch and a few numbers to the device. Weights, base and what the optimizer keeps stay there.
func TestNothingButTheBatchIsTransferred(t *testing.T) {
	for _, mode := range []string{"lora", "full"} {
		for _, rule := range []string{"adamw", "adamw8bit"} {
			t.Run(mode+" "+rule, func(t *testing.T) {
				b := newBench(t)
				c := &counted{Backend: b.backend.Backend}
				b.backend.Backend = c
				d := laid(documents(16), 2, 32)
				tr := b.start(t, d, mode, func(s *Settings) { s.Optimizer.Name = rule })
				per, all := tr.settings.steps(len(d.blocks))
				var batch int // bytes of a window's inputs
				for range tr.settings.Batch.Accumulate {
					m := d.micro([]int{0}, tr.settings.Batch.Rows)
					in, err := batchTensors(m, 1)
					if err != nil {
						t.Fatal(err)
					}
					for _, x := range in {
						batch += int(x.Shape().ByteSize())
					}
				}
				for step := range 3 {
					c.mu.Lock()
					c.bytes, c.buffers = 0, 0
					c.mu.Unlock()
					if err := tr.step(context.Background(), per, all); err != nil {
						t.Fatal(err)
					}
					tr.await()
					numbers := 4 * (1 + 16*len(tr.program.trainable)) // 1/tokens, and the scalars of every weight
					if step > 0 && (c.bytes > batch+numbers || c.buffers > 7*tr.settings.Batch.Accumulate+2) {
						t.Errorf("step %d: %d bytes in %d buffers, the batch has %d and the numbers of the weights at most %d", step, c.bytes, c.buffers, batch, numbers)
					}
					t.Logf("step %d: %d bytes in %d buffers (batch %d)", step, c.bytes, c.buffers, batch)
				}
			})
		}
	}
}
