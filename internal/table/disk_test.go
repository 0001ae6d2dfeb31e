package table_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"fettle/internal/table"
)

// TestDiskFull writes through a link to /dev/full, where every write fails for want of space.
func TestDiskFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("left out: no /dev/full")
	}
	schema := &table.Schema{Fields: []table.Field{{Name: "text", Type: table.String}}}
	for _, ext := range table.Extensions() {
		path := filepath.Join(t.TempDir(), "t"+ext)
		if err := os.Symlink("/dev/full", path); err != nil {
			t.Fatal(err)
		}
		w, err := table.Create(path, schema)
		if err == nil {
			for range 20 {
				w.Write(table.Row{strings.Repeat("x", 1<<20)})
			}
			err = w.Close()
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v", ext, err)
		}
		if w != nil && w.Write(table.Row{"y"}) == nil {
			t.Errorf("%s: write after the failure", ext)
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: file is left", ext)
		}
	}
}

// TestBoundedMemory writes and reads 100 MB of rows and watches the heap.
func TestBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short")
	}
	const rows, limit = 30_000, 160 << 20 // parquet holds a compressed row group, arrow a batch of 8,192 rows, both twice at times
	schema := &table.Schema{Fields: []table.Field{{Name: "text", Type: table.String}, {Name: "tokens", Type: table.List(table.Int32)}}}
	for _, ext := range append([]string{".jsonl"}, columnar...) {
		t.Run(ext, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t"+ext)
			w, err := table.Create(path, schema)
			if err != nil {
				t.Fatal(err)
			}
			watch := newWatch()
			tokens := make([]int32, 512)
			for i := range rows {
				for k := range tokens {
					tokens[k] = int32(i*k) % 50021
				}
				if err := w.Write(table.Row{fmt.Sprintf("%d %s", i, strings.Repeat("abc中", 340)), tokens}); err != nil {
					t.Fatal(err)
				}
				watch.look(i)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			written := watch.peak
			watch = newWatch()
			r, err := table.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			n := 0
			for _, err := range r.Rows() {
				if err != nil {
					t.Fatal(err)
				}
				watch.look(n)
				n++
			}
			t.Logf("peak heap: %d MB to write, %d MB to read", written>>20, watch.peak>>20)
			if n != rows || written > limit || watch.peak > limit {
				t.Errorf("%d rows, %d and %d bytes of heap, limit %d", n, written, watch.peak, limit)
			}
		})
	}
}

type watch struct{ base, peak uint64 }

func newWatch() *watch {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return &watch{base: m.HeapAlloc}
}

func (w *watch) look(i int) {
	if i%1000 != 0 {
		return
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.peak = max(w.peak, m.HeapAlloc-min(w.base, m.HeapAlloc))
}
