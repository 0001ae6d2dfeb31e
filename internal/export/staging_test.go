package export_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"fettle/internal/backend/backendtest"
	"fettle/internal/export"
	"fettle/internal/shared"
)

// names lists a folder, hidden files too.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// A signal ends an export at once, and nothing of it stays.
func TestInterruptedExportLeavesNothing(t *testing.T) {
	s, err := export.Open("x", shared.Path(t, "golden/models/families/llama"), "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	why, to := errors.New("stopped"), t.TempDir()
	stop(why)
	if _, err := export.Run(ctx, s, backendtest.Open(t), export.Options{Format: export.Merged, DType: "f32", To: to}); !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
	if got := names(t, to); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
}

// What a killed export has left goes with the next one.
func TestKilledExportIsSweptAway(t *testing.T) {
	to := t.TempDir()
	left := filepath.Join(to, ".export-1")
	if err := errors.Join(os.Mkdir(left, 0o700), os.WriteFile(filepath.Join(left, "model.safetensors"), []byte("half"), 0o600)); err != nil {
		t.Fatal(err)
	}
	run(t, open(t, "llama", ""), export.Options{Format: export.Merged, DType: "f32", To: to})
	for _, name := range names(t, to) {
		if strings.HasPrefix(name, ".") {
			t.Errorf("%s is left", name)
		}
	}
}

// A copy brings all files or none.
func TestCopyIsWhole(t *testing.T) {
	at, to := t.TempDir(), t.TempDir()
	from := map[string]string{"a/config.json": filepath.Join(at, "config"), "b/weights": filepath.Join(at, "weights")}
	for _, path := range from {
		if err := os.WriteFile(path, []byte(filepath.Base(path)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(to, "b"), 0o755), os.Mkdir(filepath.Join(to, "b", "weights"), 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := export.Copy(to, from); err == nil || !strings.Contains(err.Error(), "b/weights is a folder there") {
		t.Errorf("a folder in the way: %v", err)
	}
	if diff := cmp.Diff([]string{"b"}, names(t, to)); diff != "" {
		t.Error(diff)
	}
	if err := os.RemoveAll(filepath.Join(to, "b")); err != nil {
		t.Fatal(err)
	}
	if err := export.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, names(t, to)); diff != "" {
		t.Error(diff)
	}
}

// What an export makes beside another is not swept away: its maker lives.
func TestExportBesideAnother(t *testing.T) {
	to := t.TempDir()
	other := filepath.Join(to, ".export-1")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(other)
	if err == nil {
		defer f.Close()
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	run(t, open(t, "llama", ""), export.Options{Format: export.Merged, DType: "f32", To: to})
	if !slices.Contains(names(t, to), ".export-1") {
		t.Error("the other's folder is gone")
	}
}
