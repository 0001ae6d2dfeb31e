//go:build xla && cgo

package train

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"fettle/internal/backend"
	"fettle/internal/model"
)

// compiled is what XLA plans for the gradients of one micro-batch.
func (s Settings) compiled(t *testing.T, be backend.Backend, m *model.Model, length int) (backend.Memory, int64) {
	t.Helper()
	o, err := s.outline(m, length, dtypes.Float32, be.Backend)
	if err != nil {
		t.Fatal(err)
	}
	g, err := o.first.Compile(o.gradientShapes(s.Batch.Rows, length)...)
	if err != nil {
		t.Fatal(err)
	}
	defer o.first.Finalize()
	memory, ok := backend.MemoryOf(g.Executable())
	if !ok {
		t.Fatal("no figures of the compiled program")
	}
	return memory, sizeOf(o.base) + 2*sizeOf(o.trained)
}

// The compiled program takes no more than its weights, their gradients and the estimate, and 10 %; and the estimate is no
// wild one. So no frozen weight has a gradient, no logits and no scores exist whole, and packed weights are not kept as floats.
func TestCompiledMemory(t *testing.T) {
	be, err := backend.Open("xla:cpu")
	if err != nil {
		t.Skipf("left out: %v", err)
	}
	defer be.Finalize()
	tests := []struct {
		name   string
		shape  benchShape
		load   string
		remat  string
		save   string // module that trains as a whole
		length []int
	}{
		{name: "lora", shape: benchShapes["small"], load: "none", remat: "off", length: []int{256}},
		{name: "lora, recomputed", shape: benchShapes["small"], load: "none", remat: "on", length: []int{256, 512, 1024}},
		{name: "nf4", shape: benchShapes["small"], load: "nf4", remat: "off", length: []int{256}},
		{name: "nf4, recomputed", shape: benchShape{6, 512, 1408, 8, 4, 2048, 1, 0, 1}, load: "nf4", remat: "on", length: []int{128}},
		{name: "wide vocabulary", shape: benchShape{2, 256, 688, 8, 2, 64000, 4, 0, 1}, load: "none", remat: "on", length: []int{512}},
		{name: "long", shape: benchShape{2, 256, 688, 8, 2, 1024, 1, 0, 1}, load: "none", remat: "on", length: []int{2048, 4096}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := model.ParseConfig([]byte(tt.shape.config()))
			if err != nil {
				t.Fatal(err)
			}
			m, err := model.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			s := defaults()
			s.Quant.Load, s.Remat, s.Batch.Rows, s.LoRA.Rank = tt.load, tt.remat, tt.shape.rows, 8
			var last int64
			for _, length := range tt.length {
				got, weights := s.compiled(t, be, m, length)
				f := m.Footprint(model.Training{Rows: tt.shape.rows, Length: length, Width: 4, Remat: tt.remat == "on", Packed: tt.load == "nf4"})
				want := weights + f.Total()
				said := fmt.Sprintf("length %d: arguments %d, outputs %d, temporaries %.1f MiB; estimated %+v", length, got.Arguments, got.Outputs, float64(got.Temporary)/(1<<20), f)
				t.Log(said)
				if ratio := float64(got.Peak()) / float64(want); ratio > 1.1 || ratio < 0.6 {
					t.Errorf("%s: compiled takes %.2f of the estimate %d", said, ratio, want)
				}
				if last > 0 && float64(got.Temporary) > 2.4*float64(last) { // each length is twice the one before
					t.Errorf("%s: more than twice the %d of half the length", said, last)
				}
				last = got.Temporary
			}
		})
	}
}
