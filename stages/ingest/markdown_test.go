package ingest_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"
	"fettle/stages/ingest"

	"github.com/google/go-cmp/cmp"
)

// file is one entry of a test archive.
type file struct{ name, text string }

func tarGz(t *testing.T, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(f.text))
	}
	w.Close()
	z.Close()
	return b.Bytes()
}

// run ingests what settings say in a project of its own and returns the exit code, stdout and stderr.
func run(t *testing.T, settings string, files map[string][]byte) (dir string, code int, report stage.Report, stderr string) {
	t.Helper()
	root := t.TempDir()
	for name, raw := range files {
		path := filepath.Join(root, name)
		os.MkdirAll(filepath.Dir(path), 0o755)
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(root, "pipelines", "p", "stages.yaml")
	os.MkdirAll(filepath.Dir(config), 0o755)
	if err := os.WriteFile(config, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	t.Setenv("FETTLE_STORE", "")
	t.Setenv("FETTLE_RUN", "")
	t.Setenv("DAG_RUN_ID", "")
	var out, errs bytes.Buffer
	code = ingest.Stage.Start(context.Background(), []string{"-config", config}, &out, &errs)
	if code == 0 || code == 3 {
		if err := json.Unmarshal(out.Bytes(), &report); code == 0 && err != nil {
			t.Fatal(err)
		}
	}
	return report.Path, code, report, errs.String()
}

const settings = `ingest:
  sources:
    - markdown:
        name: docs
        path: docs.tar.gz
        files: '^docs(\.(?P<lang>[a-z]+))?/(?P<page>.+)\.md$'
        defaults: {lang: en}
`

func TestMarkdownArchive(t *testing.T) {
	archive := tarGz(t, []file{
		{"docs/a.md", "\ufeff# Alpha\r\n\r\ntext\r\n"},
		{"docs.zh/a.md", "\n\n# 阿尔法\n"},
		{"docs/readme.txt", "left out"},
		{"docs/bad.md", "# ok\nbut \xff here\n"},
		{"docs/empty.md", " \n"},
		{"docs/../../evil.md", "# out"},
	})
	dir, code, report, stderr := run(t, settings, map[string][]byte{"docs.tar.gz": archive})
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if diff := cmp.Diff(stage.Rows{In: 5, Kept: 2, Rejected: 3, Out: 2}, report.Rows); diff != "" {
		t.Error(diff)
	}
	type row struct {
		schemas.Origin
		Lang  string `json:"lang"`
		Page  string `json:"page"`
		Title string `json:"title"`
		Text  string `json:"text"`
	}
	var rows []row
	for r, err := range table.Read[row](filepath.Join(dir, "rows.parquet")) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	want := []row{
		{schemas.NewOrigin("docs", "docs/a.md", 1), "en", "a", "Alpha", "# Alpha\n\ntext\n"},
		{schemas.NewOrigin("docs", "docs.zh/a.md", 3), "zh", "a", "阿尔法", "\n\n# 阿尔法\n"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	var reasons []string
	for r, err := range table.Read[schemas.Reject](filepath.Join(dir, "rejects", "rows.arrow")) {
		if err != nil {
			t.Fatal(err)
		}
		reasons = append(reasons, r.Reason)
		if r.Reason == "invalid_utf8" && r.Line != 2 {
			t.Errorf("invalid byte reported in line %d, it is in line 2", r.Line)
		}
	}
	if diff := cmp.Diff([]string{"invalid_utf8", "empty_file", "unsafe_name"}, reasons); diff != "" {
		t.Error(diff)
	}
}

func TestATruncatedArchiveIsOneClearError(t *testing.T) {
	var files []file
	for i := range 50 {
		files = append(files, file{"docs/" + strings.Repeat("x", i+1) + ".md", "# t\n" + strings.Repeat("some text that does not compress to nothing ", i)})
	}
	whole := tarGz(t, files)
	for _, n := range []int{0, 5, len(whole) / 2, len(whole) - 1} {
		_, code, _, stderr := run(t, settings, map[string][]byte{"docs.tar.gz": whole[:n]})
		if code != 1 || strings.Count(strings.TrimSpace(stderr), "fettle ingest:") != 1 || !strings.Contains(stderr, "docs.tar.gz") || !strings.Contains(stderr, "truncated") {
			t.Errorf("%d of %d bytes: exit %d, stderr %q: want exit 1 and one line that says truncated", n, len(whole), code, stderr)
		}
		if left, _ := filepath.Glob(".fettle/artifacts/*/*"); len(left) != 0 {
			t.Errorf("a failed stage left %v", left)
		}
	}
}

func TestMissingFileAndBadSettings(t *testing.T) {
	_, code, _, stderr := run(t, settings, nil)
	if code != 1 || !strings.Contains(stderr, "docs.tar.gz") {
		t.Errorf("missing file: exit %d, %q", code, stderr)
	}
	_, code, _, stderr = run(t, strings.Replace(settings, "name: docs", "nam: docs", 1), nil)
	if code != 2 || !strings.Contains(stderr, "stages.yaml:4:") || !strings.Contains(stderr, "did you mean name") {
		t.Errorf("typo: exit %d, %q", code, stderr)
	}
	_, code, _, stderr = run(t, strings.Replace(settings, "(?P<page>", "(?P<title>", 1), nil)
	if code != 2 || !strings.Contains(stderr, "title") {
		t.Errorf("group named like a column: exit %d, %q", code, stderr)
	}
}

func TestTheSameBytesFromFolderAndArchive(t *testing.T) {
	files := []file{{"docs/a.md", "# A\n"}, {"docs/b.md", "# B\n"}}
	a, code, _, stderr := run(t, settings, map[string][]byte{"docs.tar.gz": tarGz(t, files)})
	if code != 0 {
		t.Fatal(stderr)
	}
	first, _ := os.ReadFile(filepath.Join(a, "rows.parquet"))
	tree := map[string][]byte{}
	for _, f := range files {
		tree["in/"+f.name] = []byte(f.text)
	}
	b, code, _, stderr := run(t, strings.Replace(settings, "path: docs.tar.gz", "path: in", 1), tree)
	if code != 0 {
		t.Fatal(stderr)
	}
	second, _ := os.ReadFile(filepath.Join(b, "rows.parquet"))
	if len(first) == 0 || !bytes.Equal(first, second) {
		t.Error("a folder and an archive of the same files give different tables")
	}
}
