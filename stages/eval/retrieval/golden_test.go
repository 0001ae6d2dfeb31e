package retrieval_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/shared"
)

// rows decodes a JSON Lines file of the shared data, gzip or not, into values of T.
func rows[T any](t *testing.T, name string) []T {
	t.Helper()
	raw, err := os.ReadFile(shared.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".gz") {
		raw = gunzip(t, raw)
	}
	var out []T
	for decoder := json.NewDecoder(bytes.NewReader(raw)); ; {
		var row T
		if err := decoder.Decode(&row); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, row)
	}
}

func gunzip(t *testing.T, raw []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func approximately(tolerance float64) cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= tolerance*math.Max(1, math.Abs(a)) })
}
