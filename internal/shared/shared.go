// Package shared finds the shared reference data (golden outputs of third-party programs, open datasets) that some tests
// compare with. It lies beside the project, or where FETTLE_SHARED says; a test that needs it is left out, in one line,
// where neither is there, and fails where FETTLE_SHARED names a folder that is not.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the path of a file or folder of the shared data, or skips the test when there is none.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir := Dir()
	if dir == "" {
		t.Skipf("left out: no shared data (set FETTLE_SHARED) for %s", name)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("shared data: %v", err)
	}
	return path
}

// Dir is the shared folder: FETTLE_SHARED, else ../shared beside the project root, else "".
func Dir() string {
	if dir := os.Getenv("FETTLE_SHARED"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			shared := filepath.Join(filepath.Dir(dir), "shared")
			if info, err := os.Stat(filepath.Join(shared, "golden")); err == nil && info.IsDir() {
				return shared
			}
			return ""
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
