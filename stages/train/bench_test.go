package train

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"fettle/internal/backend"
	"fettle/internal/backend/backendtest"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/optimizer"
	"fettle/internal/progress"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
)

// benchShape is a model and its micro-batch.
type benchShape struct {
	layers, hidden, ffn, heads, kv, vocab int
	rows, length                          int
	trained                               int // every so manieth token
}

// small is what the comparison with PEFT in bench/train uses, large has a head that weighs, tiny is the bundled base's size,
// wide is one whose weights are most of it.
var benchShapes = map[string]benchShape{
	"tiny":  {4, 192, 512, 6, 6, 4096, 16, 256, 4},
	"small": {4, 256, 688, 8, 2, 4096, 4, 256, 1},
	"wide":  {4, 512, 1408, 8, 4, 4096, 1, 128, 1},
	"large": {12, 768, 2048, 12, 4, 32000, 1, 512, 1},
}

func (s benchShape) config() string {
	return fmt.Sprintf(`{"model_type":"llama","hidden_act":"silu","hidden_size":%d,"intermediate_size":%d,"num_hidden_layers":%d,"num_attention_heads":%d,
"num_key_value_heads":%d,"vocab_size":%d,"rms_norm_eps":1e-5,"rope_theta":10000.0,"initializer_range":0.02}`, s.hidden, s.ffn, s.layers, s.heads, s.kv, s.vocab)
}

// data are rows of random tokens, a document each.
func (s benchShape) data() *data {
	d := &data{length: s.length}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range s.rows {
		b := blockData{segments: []segment{{conversation: int32(i), end: int32(s.length)}}}
		for t := range s.length {
			id := int32(rng.IntN(s.vocab))
			label := id
			if t%s.trained != 0 {
				label = -100
			}
			b.tokens, b.labels = append(b.tokens, id), append(b.labels, label)
		}
		d.blocks, d.ids = append(d.blocks, b), append(d.ids, fmt.Sprint(i))
	}
	return d
}

// bench makes a training that is ready to step; mode is scratch, lora or qlora (NF4 with double quantisation).
func (s benchShape) bench(tb testing.TB, mode string, rank int) *training {
	tb.Helper()
	return s.benchWith(tb, mode, rank, defaults().Optimizer)
}

func (s benchShape) benchWith(tb testing.TB, mode string, rank int, o optimizer.Config) *training {
	tb.Helper()
	check := func(err error) {
		if err != nil {
			tb.Helper()
			tb.Fatal(err)
		}
	}
	dir := tb.TempDir()
	check(os.WriteFile(filepath.Join(dir, "config.json"), []byte(s.config()), 0o644))
	m, err := model.Open(dir)
	check(err)
	be := backendtest.Open(tb)
	weights := m.Init(1)
	base := weights
	var q quant.Set
	var a *lora.Adapter
	if mode == "qlora" {
		check(m.SaveWeights(filepath.Join(dir, "model.safetensors"), weights, safetensors.BF16))
		recipe := quant.Plain()
		recipe.Load = "nf4"
		base, err = m.LoadWith(recipe.Loader(&q, nil), dir)
		check(err)
	}
	if mode != "scratch" {
		a, err = lora.New(m, lora.Config{Rank: rank, Alpha: 2 * float64(rank), Targets: []string{lora.AllLinear}}, 1)
		check(err)
		weights = a.Weights
	}
	p, err := newProgram(m, a, o, be.Backend)
	check(err)
	p.on(&q)
	settings := defaults()
	settings.Batch.Rows, settings.Optimizer = s.rows, o
	tell, err := progress.New("train", tb.Output(), "")
	check(err)
	t := &training{settings: settings, data: s.data(), program: p, dir: dir, task: tell.Task("bench", 0, "tokens")}
	t.state, err = newState(p, weights, s.rows)
	check(err)
	for _, name := range p.frozen {
		t.frozen = append(t.frozen, base[name])
	}
	return t
}

// BenchmarkStep measures whole optimizer steps in tokens a second and in CPU seconds, which a busy machine disturbs less.
func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		shape, mode string
		rank        int
		way         string // "", "remat" or "bf16"
	}{
		{"tiny", "scratch", 0, ""}, {"tiny", "lora", 16, ""},
		{"small", "lora", 8, ""}, {"small", "lora", 8, "remat"}, {"small", "lora", 8, "bf16"},
		{"small", "qlora", 8, ""}, {"small", "qlora", 8, "remat"},
		{"large", "lora", 8, ""}, {"large", "qlora", 8, ""}, {"large", "qlora", 8, "remat"},
	} {
		b.Run(c.shape+"/"+c.mode+c.way, func(b *testing.B) {
			s := benchShapes[c.shape]
			t := s.bench(b, c.mode, c.rank)
			t.program.remat = c.way == "remat"
			if c.way == "bf16" {
				t.program.compute = dtypes.BFloat16
			}
			for range 2 { // compiled, and what is kept between steps is there
				if err := t.step(b.Context(), 1, 1<<30); err != nil {
					b.Fatal(err)
				}
			}
			before := backendtest.CPU(b)
			for b.Loop() {
				if err := t.step(b.Context(), 1, 1<<30); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(s.rows*s.length*b.N)/b.Elapsed().Seconds(), "tok/s")
			b.ReportMetric((backendtest.CPU(b)-before)/float64(b.N), "cpu-s/step")
			if m, ok := backend.MemoryOf(t.program.graph.Executable()); ok {
				b.ReportMetric(float64(m.Temporary)/(1<<20), "temp-MiB")
				b.ReportMetric(float64(m.Arguments)/(1<<20), "args-MiB")
			}
			b.ReportMetric(t.state.history[len(t.state.history)-1].Loss, "loss")
		})
	}
}
