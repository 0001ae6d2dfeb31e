package schemas

import (
	"testing"
)

// An id must never change: lineage, dropped rows and adapters of years ago refer to it. Want: sha256 over source, NUL, file,
// NUL, row, its first 8 bytes.
func TestOriginIDs(t *testing.T) {
	if got, want := NewOrigin("tldr", "tldr/pages/common/!.md", 1).ID, "317ad1b7e92dfff9"; got != want {
		t.Errorf("id %s, want %s", got, want)
	}
	seen := map[string]bool{}
	for _, o := range []Origin{NewOrigin("a", "b", 1), NewOrigin("a", "b", 11), NewOrigin("ab", "", 1), NewOrigin("", "ab", 1), NewOrigin("a", "b1", 1)} {
		if seen[o.ID] {
			t.Errorf("%+v has the id of another row", o)
		}
		seen[o.ID] = true
	}
}
