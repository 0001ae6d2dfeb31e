package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"fettle/internal/config"
)

// A fault of a setting that was typed is told as it was typed; others keep their place in the file.
func TestTyped(t *testing.T) {
	one := &config.Faults{List: []config.Fault{{File: "copy.yaml", Line: 3, Col: 1, Setting: "train.epochs", Got: "0", Want: "want 1 or more"}}}
	two := &config.Faults{List: []config.Fault{{File: "copy.yaml", Line: 9, Col: 1, Setting: "eval.limit", Got: "x", Want: "want a number"}}}
	got := config.Typed(errors.Join(one, fmt.Errorf("eval: %w", two)), []string{"train.epochs=2", "train.epochs=0"}).Error()
	if !strings.Contains(got, "-set train.epochs=0: got 0, want 1 or more") || !strings.Contains(got, "copy.yaml:9:1: eval.limit") {
		t.Error(got)
	}
}
