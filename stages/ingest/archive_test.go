package ingest_test

import (
	"archive/zip"
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/table"
	"fettle/schemas"

	"github.com/google/go-cmp/cmp"
)

func zipped(t *testing.T, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A file that unpacks to more than a document can be is a reject that names the limit; so is a name that leads out of the archive,
// also into a folder whose name begins alike. What stands beside them is read.
func TestBombsAndNamesThatLeadOut(t *testing.T) {
	files := []file{
		{"docs/a.md", "# A\n"},
		{"docs/bomb.md", strings.Repeat("0", 64<<20+1)},
		{"docs/../../docs-evil/b.md", "# out\n"},
		{"docs/z.md", "# Z\n"},
	}
	for name, archive := range map[string][]byte{"docs.tar.gz": tarGz(t, files), "docs.zip": zipped(t, files)} {
		t.Run(name, func(t *testing.T) {
			if len(archive) > 1<<20 {
				t.Fatalf("the bomb has %d bytes before it goes off", len(archive))
			}
			dir, code, report, stderr := run(t, strings.Replace(settings, "docs.tar.gz", name, 1), map[string][]byte{name: archive})
			if code != 0 || report.Rows.Kept != 2 || report.Rows.Rejected != 2 {
				t.Fatalf("exit %d, rows %+v: %s", code, report.Rows, stderr)
			}
			var got []string
			for r, err := range table.Read[schemas.Reject](filepath.Join(dir, "rejects", "rows.arrow")) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, r.Reason)
				if r.Reason == "file_too_large" && !strings.Contains(r.Detail, "64 MiB") {
					t.Errorf("%q does not name the limit", r.Detail)
				}
			}
			if diff := cmp.Diff([]string{"file_too_large", "unsafe_name"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
