package inspect_test

import (
	"encoding/json"
	"os"
	"testing"
)

// Known models: their configs as their makers publish them (Phi's factors of longrope are stand-ins), and the number of
// weights that their safetensors headers add up to.
func TestKnownModels(t *testing.T) {
	raw, err := os.ReadFile("testdata/known.json")
	if err != nil {
		t.Fatal(err)
	}
	var known []struct {
		Name       string
		Parameters int64
		Config     map[string]any
	}
	if err := json.Unmarshal(raw, &known); err != nil {
		t.Fatal(err)
	}
	for _, k := range known {
		t.Run(k.Name, func(t *testing.T) {
			r := read(t, write(t, k.Name, k.Config, map[string]string{}))
			if len(r.Problems) > 0 || r.Parameters != k.Parameters {
				t.Errorf("%d parameters, want %d; problems %q", r.Parameters, k.Parameters, r.Problems)
			}
		})
	}
}
