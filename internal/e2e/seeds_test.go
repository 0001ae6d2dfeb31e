package e2e_test

import (
	"path/filepath"
	"testing"
)

// Seeds share what is compiled and nothing else: the second of two is what it is alone, to the byte.
func TestASeedIsTheSameBesideAnother(t *testing.T) {
	adapter := func(seeds string) string {
		p := newProject(t)
		p.edit("pipelines/mini/stages.yaml", "seeds: [1, 2]", "seeds: "+seeds)
		p.run("run", "mini", "-local")
		found, err := filepath.Glob(filepath.Join(p.store, "artifacts", "train", "*", "adapters", "seed-2", "adapter_model.safetensors"))
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		return read(found[0])
	}
	if adapter("[1, 2]") != adapter("[2]") {
		t.Error("seed 2 is another beside seed 1")
	}
}
