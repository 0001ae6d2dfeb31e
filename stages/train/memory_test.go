package train

import (
	"errors"
	"strings"
	"testing"
)

// An error for want of memory says what takes it and what helps; others are left alone.
func TestOutOfMemoryIsExplained(t *testing.T) {
	tr := benchShapes["tiny"].bench(t, "lora", 4)
	oom := errors.New("gradients: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1073741824 bytes")
	got := tr.program.explain(oom, 8, 1024, 8192).Error()
	for _, part := range []string{"8 rows of 1024 tokens", "kept by the layers", "remat: on, fewer batch.rows", "quant.load: nf4"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing in %q", part, got)
		}
	}
	tr.program.remat = true
	if got := tr.program.explain(oom, 8, 1024, 8192).Error(); strings.Contains(got, "remat: on") {
		t.Errorf("layers are computed again already: %q", got)
	}
	other := errors.New("gradients: shapes differ")
	if got := tr.program.explain(other, 8, 1024, 8192); got != other {
		t.Errorf("got %v", got)
	}
}
