package train

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"fettle/internal/config"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
	"fettle/internal/target"
)

// The programs that fettle compile measures take exactly what the training's take: names in the same order, of equal shapes.
func TestProgramsTakeWhatTheTrainingGives(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Settings)
	}{
		{"lora", func(*Settings) {}},
		{"nf4", func(s *Settings) { s.Quant.Load = "nf4" }},
		{"nf4, single scales, one module plain", func(s *Settings) {
			s.Quant = quant.Recipe{Load: "nf4", Options: quant.Options{Skip: []string{"o_proj"}}}
		}},
		{"dora with biases and a whole module", func(s *Settings) { s.LoRA.DoRA, s.LoRA.Save = true, []string{"embed_tokens"} }},
		{"8-bit state", func(s *Settings) { s.Optimizer.Name = "adamw8bit" }},
		{"paged", func(s *Settings) { s.Optimizer.Paged = true }},
		{"full", func(s *Settings) { s.Mode = "full" }},
	}
	b := newBench(t)
	dir := saved(t, b.model, b.weights)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := defaults()
			tt.change(&s)
			var set quant.Set
			base, err := b.model.LoadWith(s.Quant.Loader(&set, nil), dir)
			if err != nil {
				t.Fatal(err)
			}
			start, a := base, (*lora.Adapter)(nil)
			if s.Mode == "lora" {
				if a, err = lora.New(b.model, s.LoRA, 1); err != nil {
					t.Fatal(err)
				}
				if err := a.Attach(func(name string) ([]float32, error) { return set.Floats(base, name) }); err != nil {
					t.Fatal(err)
				}
				start = a.Weights
			}
			p, err := newProgram(b.model, a, s.Optimizer, b.backend.Backend)
			if err != nil {
				t.Fatal(err)
			}
			p.on(&set)
			state, err := newState(p, start, 1)
			if err != nil {
				t.Fatal(err)
			}
			const rows, length = 2, 256
			batch, err := batchTensors(wholly(rows, length), 1)
			if err != nil {
				t.Fatal(err)
			}
			args := append(batch, state.weights...)
			for _, name := range p.frozen {
				args = append(args, base[name])
			}
			o, err := s.outline(b.model, length, s.computing("go"), b.backend.Backend)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append(p.trainable, p.frozen...), append(o.trainable, o.frozen...)); diff != "" {
				t.Errorf("names:\n%s", diff)
			}
			if diff := cmp.Diff(shapesOf(args), texts(o.gradientShapes(rows, length))); diff != "" {
				t.Errorf("gradients:\n%s", diff)
			}
			if diff := cmp.Diff(p.optimizer.Bytes(), o.optimizer.Bytes()); diff != "" {
				t.Errorf("optimizer's state:\n%s", diff)
			}
			if diff := cmp.Diff(texts(p.optimizer.Largest().In), texts(o.optimizer.Largest().In)); diff != "" {
				t.Errorf("update:\n%s", diff)
			}
		})
	}
}

// What Programs gives compiles, here on a backend that is there.
func TestProgramsCompile(t *testing.T) {
	programs := compiled(t, "train: {batch: {rows: 2, accumulate: 2}, lora: {dropout: 0.1}, quant: {load: nf4}}\n")
	// Beside the gradients lie both moments of what trains; beside the update, the base.
	if want := 2 * 4 * adapterSize(t, newBench(t).model); programs[0].Beside != want {
		t.Errorf("beside the gradients are %d bytes, want %d", programs[0].Beside, want)
	}
	if programs[1].Beside < 64*32*4 { // the embedding
		t.Errorf("beside the update are %d bytes", programs[1].Beside)
	}
}

// compiled are the programs of the small model by these settings, each of which has compiled.
func compiled(t *testing.T, settings string) []target.Program {
	t.Helper()
	b := newBench(t)
	file, err := config.Parse("test", []byte(settings))
	if err != nil {
		t.Fatal(err)
	}
	programs, err := Programs(file, b.model, 0, 32, b.backend.Backend)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		if err := p.Compile(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
	return programs
}

func adapterSize(t *testing.T, m *model.Model) int64 {
	t.Helper()
	a, err := lora.Outline(m, lora.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	return a.Size()
}

// saved writes a model directory.
func saved(t *testing.T, m *model.Model, w model.Weights) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(smallConfig), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := m.SaveWeights(filepath.Join(dir, "model.safetensors"), w, safetensors.BF16); err != nil {
		t.Fatal(err)
	}
	return dir
}

// wholly is a micro-batch of which every token is trained.
func wholly(rows, length int) *micro {
	d := &data{length: length, blocks: make([]blockData, rows)}
	var all []int
	for i := range rows {
		ids := make([]int32, length)
		d.blocks[i] = blockData{tokens: ids, labels: ids, segments: []segment{{conversation: int32(i), end: int32(length)}}}
		all = append(all, i)
	}
	return d.micro(all, rows)
}

func texts(list []shapes.Shape) (out []string) {
	for _, s := range list {
		out = append(out, s.String())
	}
	return out
}

func shapesOf(list []*tensors.Tensor) (out []string) {
	for _, t := range list {
		out = append(out, t.Shape().String())
	}
	return out
}
