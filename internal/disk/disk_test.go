package disk_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/disk"
)

func TestWrite(t *testing.T) {
	fault := errors.New("no more")
	for _, test := range []struct {
		name string
		fill func(w io.Writer) error
		err  error
		want string
	}{
		{name: "whole", fill: func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }, want: "new"},
		{name: "half", fill: func(w io.Writer) error { io.WriteString(w, "ne"); return fault }, err: fault, want: "old"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := disk.Write(path, test.fill); !errors.Is(err, test.err) {
				t.Errorf("got %v, want %v", err, test.err)
			}
			got, err := os.ReadFile(path)
			if diff := cmp.Diff(test.want, string(got)); err != nil || diff != "" {
				t.Error(err, diff)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
				t.Errorf("left there: %v (%v)", left, err)
			}
		})
	}
}

func TestCopy(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "a", "b", "to")
	if err := os.WriteFile(from, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := disk.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(to); err != nil || string(got) != "text" {
		t.Errorf("got %q (%v)", got, err)
	}
	if err := disk.Copy(filepath.Join(dir, "c", "to"), filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the file is not there", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "c")); err == nil {
		t.Error("a folder was made for nothing")
	}
}

func TestGlob(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a [1] *b?")
	for _, name := range []string{"x/1.txt", "y/2.txt", "y/3.md", "y/.txt"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{filepath.Join(dir, "x/1.txt"), filepath.Join(dir, "y/.txt"), filepath.Join(dir, "y/2.txt")}
	if diff := cmp.Diff(want, disk.Glob(dir, "*/*.txt")); diff != "" {
		t.Error(diff)
	}
	if found := disk.Glob(filepath.Join(dir, "none"), "*"); len(found) > 0 {
		t.Errorf("found %v in a folder that is not there", found)
	}
	t.Chdir(filepath.Join(dir, "y"))
	if diff := cmp.Diff([]string{"3.md"}, disk.Glob("", "*.md")); diff != "" {
		t.Error(diff)
	}
}
