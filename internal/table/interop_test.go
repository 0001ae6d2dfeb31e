package table_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/shared"
	"fettle/internal/table"
)

// unsupported are the files of parquet-testing whose types or encodings we refuse, each with a word of the reason.
var unsupported = map[string]string{
	"column_chunk_key_value_metadata.parquet":        "missing required field", // parquet-go wants a value with every key
	"datapage_v1-corrupt-checksum.parquet":           "checksum mismatch",
	"datapage_v2_empty_datapage.snappy.parquet":      "corrupt input", // parquet-go decompresses the page of no bytes
	"hadoop_lz4_compressed.parquet":                  "unsupported compression codec: LZ4",
	"hadoop_lz4_compressed_larger.parquet":           "unsupported compression codec: LZ4",
	"lz4_raw_compressed.parquet":                     "LZ4_RAW is not supported",
	"lz4_raw_compressed_larger.parquet":              "LZ4_RAW is not supported",
	"nation.dict-malformed.parquet":                  "unexpected EOF",
	"non_hadoop_lz4_compressed.parquet":              "unsupported compression codec: LZ4",
	"rle-dict-uncompressed-corrupt-checksum.parquet": "checksum mismatch",
}

// readable is a file of bad_data that is odd (a dictionary of one entry, indexes of no bits) and that others read too.
const readable = "ARROW-GH-43605.parquet"

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
		if strings.HasPrefix(filepath.Base(path), "large_string_map") {
			continue // two strings of 1 GiB
		}
		n, err := drain(path)
		want, refuse := unsupported[filepath.Base(path)]
		if refuse != (err != nil) || (refuse && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %d rows, %v", filepath.Base(path), n, err)
		}
	}
}

func TestParquetBadData(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(shared.Path(t, "data/tables/parquet-testing/bad_data"), "*.parquet"))
	for _, path := range files {
		if n, err := drain(path); err == nil && filepath.Base(path) != readable {
			t.Errorf("%s: read %d rows without an error", filepath.Base(path), n)
		}
	}
}

// TestDamagedFiles cuts and flips the bytes of good files: an error or rows, never a panic.
func TestDamagedFiles(t *testing.T) {
	for _, ext := range columnar {
		good := filepath.Join(t.TempDir(), "t"+ext)
		write(t, good, nested, nestedRows)
		data, err := os.ReadFile(good)
		if err != nil {
			t.Fatal(err)
		}
		bad := filepath.Join(t.TempDir(), "b"+ext)
		for i := 0; i < len(data); i += 3 {
			os.WriteFile(bad, data[:i], 0o644)
			if _, err := drain(bad); err == nil {
				t.Errorf("%s cut at %d: no error", ext, i)
			}
			if ext == ".arrow" && i > len(data)-footer(data)-10 {
				continue // arrow-go trusts the lengths in the footer: a flip there may ask for any amount of memory
			}
			flipped := append([]byte{}, data...)
			flipped[i] ^= 0xff
			os.WriteFile(bad, flipped, 0o644)
			drain(bad)
		}
	}
}

// footer is the size of an Arrow file's footer, which its last ten bytes (size, ARROW1) follow.
func footer(data []byte) int {
	return int(binary.LittleEndian.Uint32(data[len(data)-10:]))
}

func TestPyarrowFiles(t *testing.T) {
	want := `[["a" [1 2] [["user" nil]] nil 1.5] ["中" [] [] nil nil] [nil nil nil nil 0.25] ["a" [3] [["a" "b"] ["c" "d"]] nil 2.0]]`
	for _, ext := range columnar {
		_, rows := read(t, "testdata/pyarrow"+ext)
		if got := show(rows); got != want {
			t.Errorf("%s: %s", ext, got)
		}
		type row struct {
			Text *string  `json:"text"`
			IDs  []int32  `json:"ids"`
			Half *float32 `json:"half"`
		}
		n, faults := 0, 0
		for _, err := range table.Read[row]("testdata/pyarrow" + ext) {
			if n++; err != nil {
				faults++
			}
		}
		if n != 4 || faults != 1 { // the null list
			t.Error(ext, n, faults)
		}
	}
}
