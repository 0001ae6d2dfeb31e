package train

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"fettle/internal/backend"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/progress"
)

const tinyConfig = `{"model_type":"llama","hidden_act":"silu","hidden_size":192,"intermediate_size":512,"num_hidden_layers":4,"num_attention_heads":6,
"num_key_value_heads":6,"head_dim":32,"vocab_size":4096,"rms_norm_eps":1e-5,"rope_parameters":{"rope_theta":10000.0,"rope_type":"default"},"tie_word_embeddings":true,"initializer_range":0.02}`

// BenchmarkStep measures optimizer steps of 16 blocks of 256 tokens on the bundled base's shape, in tokens a second.
func BenchmarkStep(b *testing.B) {
	for name, rank := range map[string]int{"scratch": 0, "lora16": 16} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			os.WriteFile(filepath.Join(dir, "config.json"), []byte(tinyConfig), 0o644)
			m, err := model.Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			be, err := backend.Open("go")
			if err != nil {
				b.Fatal(err)
			}
			w := m.Init(1)
			var a *lora.Adapter
			start := w
			if rank > 0 {
				if a, err = lora.New(m, lora.Config{Rank: rank, Alpha: 32, Targets: []string{lora.AllLinear}}, 1); err != nil {
					b.Fatal(err)
				}
				start = a.Weights
			}
			p, err := newProgram(m, a, defaults().Optimizer, be.Backend)
			if err != nil {
				b.Fatal(err)
			}
			d := &data{length: 256}
			rng := rand.New(rand.NewPCG(1, 1))
			for i := range 16 {
				bd := blockData{segments: []segment{{conversation: int32(i), end: 256}}}
				for t := range 256 {
					id := int32(rng.IntN(4096))
					label := id
					if rank > 0 && t%4 != 0 {
						label = -100
					}
					bd.tokens, bd.labels = append(bd.tokens, id), append(bd.labels, label)
				}
				d.blocks, d.ids = append(d.blocks, bd), append(d.ids, "x")
			}
			s := defaults()
			s.Batch.Rows = 16
			tell, _ := progress.New("train", b.Output(), "")
			t := &training{settings: s, data: d, program: p, dir: dir, task: tell.Task("bench", 0, "tokens")}
			if t.state, err = newState(p, start, len(d.ids)); err != nil {
				b.Fatal(err)
			}
			for _, name := range p.frozen {
				t.frozen = append(t.frozen, w[name])
			}
			if err := t.step(b.Context(), 1, 1<<30); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := t.step(b.Context(), 1, 1<<30); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(16*256*float64(b.N)/b.Elapsed().Seconds(), "tok/s")
		})
	}
}
