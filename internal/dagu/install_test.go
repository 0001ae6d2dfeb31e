package dagu_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"fettle/internal/dagu"
)

func TestFind(t *testing.T) {
	tests := []struct {
		name      string
		own, path string // version that the program in .dagu, and the one on PATH, says; "" = not there
		want      string // version found, or part of the error
	}{
		{name: "none", want: "not installed"},
		{name: "the project's own first", own: "1.30.2", path: "1.30.1", want: "1.30.2"},
		{name: "on PATH", path: "1.30.7", want: "1.30.7"},
		{name: "another series", path: "2.0.1", want: "is version 2.0.1, want 1.30.x"},
		{name: "past an own one of another series", own: "1.29.0", path: "1.30.0", want: "1.30.0"},
		{name: "broken", own: "exit", want: "ask for the version"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root, bin := t.TempDir(), t.TempDir()
			t.Setenv("PATH", bin+":/usr/bin:/bin")
			for dir, version := range map[string]string{filepath.Join(root, ".dagu", "bin"): test.own, bin: test.path} {
				if version != "" {
					write(t, filepath.Join(dir, "dagu"), "#!/bin/sh\n[ "+version+" != exit ] || exit 1\necho "+version+" >&2\n", 0o755)
				}
			}
			p, err := dagu.Find(root)
			if err != nil {
				if !errors.Is(err, dagu.ErrNone) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want %s", err, test.want)
				}
				return
			}
			if p.Version != test.want {
				t.Errorf("found %s, want %s", p, test.want)
			}
		})
	}
}

// A package that is not the one we know never becomes a program, and the reason is told.
func TestInstallRefuses(t *testing.T) {
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		t.Skip("left out: npm has no package for this system")
	}
	tests := []struct{ name, npm, want string }{
		{"no npm", "", `"npm": executable file not found`},
		{"another package", "echo x >package.tgz", "has integrity sha512-"},
		{"npm fails", "echo no network >&2; exit 1", "no network"},
		{"nothing comes", "true", "left 0 packages"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root, bin := t.TempDir(), t.TempDir()
			t.Setenv("PATH", bin)
			if test.npm != "" {
				write(t, filepath.Join(bin, "npm"), "#!/bin/sh\n"+test.npm+"\n", 0o755)
			}
			var said strings.Builder
			_, err := dagu.Install(context.Background(), root, func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) })
			if err == nil || !strings.Contains(err.Error(), "no tools/go.mod") {
				t.Errorf("error %v", err)
			}
			if !strings.Contains(said.String(), test.want) {
				t.Errorf("said %s\nwant %s", said.String(), test.want)
			}
			if left, _ := os.ReadDir(filepath.Join(root, ".dagu", "bin")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
