package table_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/shared"
	"fettle/internal/table"
)

// unsupported are the files of parquet-testing whose types or encodings we refuse, each with a word of the reason.
var unsupported = map[string]string{}

// drain reads a file to its end: the number of rows and the first error.
func drain(path string) (n int64, err error) {
	r, err := table.Open(path)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for _, err := range r.Rows() {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func TestParquetTesting(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "data/tables/parquet-testing/data"), "*.parquet"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	for _, path := range files {
		n, err := drain(path)
		t.Log(filepath.Base(path), n, err)
		want, refuse := unsupported[filepath.Base(path)]
		if refuse != (err != nil) || (refuse && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %d rows, %v", filepath.Base(path), n, err)
		}
	}
}

func TestParquetBadData(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(shared.Path(t, "data/tables/parquet-testing/bad_data"), "*.parquet"))
	for _, path := range files {
		if n, err := drain(path); err == nil {
			t.Errorf("%s: read %d rows without an error", filepath.Base(path), n)
		}
	}
}

// TestDamagedFiles cuts and flips the bytes of good files: an error or rows, never a panic.
func TestDamagedFiles(t *testing.T) {
	for _, ext := range binary {
		good := filepath.Join(t.TempDir(), "t"+ext)
		write(t, good, nested, nestedRows)
		data, err := os.ReadFile(good)
		if err != nil {
			t.Fatal(err)
		}
		bad := filepath.Join(t.TempDir(), "b"+ext)
		for i := range data {
			os.WriteFile(bad, data[:i], 0o644)
			if _, err := drain(bad); err == nil {
				t.Errorf("%s cut at %d: no error", ext, i)
			}
			flipped := append([]byte{}, data...)
			flipped[i] ^= 0xff
			os.WriteFile(bad, flipped, 0o644)
			drain(bad)
		}
	}
}
