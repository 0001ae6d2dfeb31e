package quant_test

import (
	"testing"

	"fettle/internal/model"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
	"fettle/internal/shared"
)

// What the headers say is what the loader keeps, to the byte: plain, quantised on the way, and as bitsandbytes stored it.
func TestWeigh(t *testing.T) {
	dir := t.TempDir()
	plain := randomCheckpoint(t, dir, 16)
	nf4 := quant.Recipe{Load: "nf4", Options: quant.Options{Skip: []string{"o_proj"}}}
	double := quant.Recipe{Load: "nf4", Options: quant.Options{Double: true}}
	type base struct {
		name, dir string
		model     *model.Model
		recipe    quant.Recipe
	}
	all := []base{{"plain", dir, plain, quant.Plain()}, {"nf4", dir, plain, nf4}, {"nf4, double", dir, plain, double}}
	for _, name := range []string{"llama-nf4-f32", "llama3-nf4-dq-bf16", "qwen2-nf4-dq-skip"} {
		dir := shared.Path(t, "golden/models/qlora/"+name)
		m, err := model.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, base{name, dir, m, quant.Plain()})
	}
	for _, b := range all {
		t.Run(b.name, func(t *testing.T) {
			f, err := safetensors.Open(b.dir)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			got, packed := b.recipe.Weigh(f, b.model, 4)
			var s quant.Set
			w, err := b.model.LoadWith(b.recipe.Loader(&s, nil), b.dir)
			if err != nil {
				t.Fatal(err)
			}
			var want int64
			for _, x := range w {
				want += int64(x.Shape().ByteSize())
			}
			if got != want || packed != s.Len() {
				t.Errorf("%d bytes, %d packed; loaded are %d and %d", got, packed, want, s.Len())
			}
		})
	}
}
