//go:build xla && cgo

package backend

import "testing"

// The plugin is asked through a table of functions: a wrong place in it would not come back. XLA on CPU has no figures of its own,
// and the machine's hold.
func TestDeviceRoom(t *testing.T) {
	b, err := Open("xla:cpu")
	if err != nil {
		t.Skipf("left out: %v", err)
	}
	defer b.Finalize()
	if r, ok := deviceRoom(b.Backend); ok && r.Bytes <= 0 {
		t.Errorf("%+v", r)
	}
	if r, ok, err := b.Room(); !ok || err != nil || r.Bytes <= 0 || r.Of == "the device" {
		t.Error(r, ok, err)
	}
}
