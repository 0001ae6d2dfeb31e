package e2e_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// pack makes an archive of the files of a folder.
func pack(t *testing.T, kind, folder string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	must(t, err)
	var out bytes.Buffer
	add, end := packer(t, kind, &out)
	for _, name := range files {
		raw, err := os.ReadFile(name)
		must(t, err)
		rel, err := filepath.Rel(folder, name)
		must(t, err)
		add(filepath.ToSlash(rel), raw)
	}
	end()
	return out.Bytes()
}

func packer(t *testing.T, kind string, out io.Writer) (add func(name string, raw []byte), end func()) {
	if kind == "zip" {
		z := zip.NewWriter(out)
		return func(name string, raw []byte) {
			w, err := z.Create(name)
			must(t, err)
			_, err = w.Write(raw)
			must(t, err)
		}, func() { must(t, z.Close()) }
	}
	var squeeze io.WriteCloser = nopCloser{out}
	if kind == "tar.gz" {
		squeeze = gzip.NewWriter(out)
	}
	w := tar.NewWriter(squeeze)
	return func(name string, raw []byte) {
		must(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(raw))}))
		_, err := w.Write(raw)
		must(t, err)
	}, func() { must(t, w.Close()); must(t, squeeze.Close()) }
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
