package plugin_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/backend/plugin"
	"fettle/internal/progress"
)

// wheel makes the bytes of a wheel with these files.
func wheel(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sum(raw []byte) string {
	s := sha256.Sum256(raw)
	return hex.EncodeToString(s[:])
}

// scene is a cache, an index of packages that a pip of ours serves from, and a set of two wheels in it.
type scene struct {
	t     *testing.T
	index string // folder: PACKAGE==VERSION -> wheel
	calls string // file: one line for every download
	set   plugin.Set
	told  bytes.Buffer
}

func newScene(t *testing.T) *scene {
	dir := t.TempDir()
	s := &scene{t: t, index: filepath.Join(dir, "index"), calls: filepath.Join(dir, "calls")}
	t.Setenv("FETTLE_CACHE", filepath.Join(dir, "cache"))
	bin := filepath.Join(dir, "bin")
	for _, d := range []string{s.index, bin} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// Like pip: `python3 -m pip download ... --dest DIR NAME==VERSION`.
	s.write(filepath.Join(bin, "python3"), `#!/bin/sh
[ "$1 $2" = "-m pip" ] || exit 1
[ "$3" = --version ] && exit 0
while [ $# -gt 1 ]; do [ "$1" = --dest ] && dest=$2; shift; done
echo "$1" >>`+s.calls+`
cp `+s.index+`/"$1"/* "$dest"/ 2>/dev/null || { echo "ERROR: No matching distribution found for $1" >&2; exit 1; }
`, 0o755)
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	s.set = plugin.Set{Name: "xla-test", Backend: "xla:cpu", Platform: here, Library: "lib/plugin.so", Disk: 1}
	s.publish("one", wheel(t, map[string]string{"lib/plugin.so": "a plugin", "lib/include/x.h": "of C", "one.dist-info/LICENSE": "free"}))
	s.publish("two", wheel(t, map[string]string{"nvidia/bin/ptxas": "a program", "nvidia/libx.a": "static"}))
	return s
}

func (s *scene) write(path, text string, mode os.FileMode) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		s.t.Fatal(err)
	}
}

// publish puts a wheel into the index and pins it.
func (s *scene) publish(name string, raw []byte) {
	file := name + "-1.0-py3-none-any.whl"
	s.write(filepath.Join(s.index, name+"==1.0", file), string(raw), 0o644)
	s.set.Wheels = append(s.set.Wheels, plugin.Wheel{Package: name, Version: "1.0", File: file, SHA256: sum(raw), Size: 1})
}

func (s *scene) install(given ...string) (*plugin.Installed, error) {
	s.t.Helper()
	s.told.Reset()
	tell, err := progress.New("backend", &s.told, "")
	if err != nil {
		s.t.Fatal(err)
	}
	defer tell.Close()
	return plugin.Install(context.Background(), s.set, given, tell)
}

// downloads counts what pip was asked for so far.
func (s *scene) downloads() int {
	raw, err := os.ReadFile(s.calls)
	if err != nil {
		return 0
	}
	return strings.Count(string(raw), "\n")
}

func (s *scene) refused(err error, want string) {
	s.t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		s.t.Errorf("got error %v, want one line with %q", err, want)
	}
	if found, _ := filepath.Glob(filepath.Join(os.Getenv("FETTLE_CACHE"), "pjrt", "xla-test-*")); len(found) > 0 {
		s.t.Errorf("%v is there after all", found)
	}
	if found, _ := filepath.Glob(filepath.Join(os.Getenv("FETTLE_CACHE"), "pjrt", ".unpack-*")); len(found) > 0 {
		s.t.Errorf("%v was left", found)
	}
}

func TestInstall(t *testing.T) {
	s := newScene(t)
	i, err := s.install()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	err = filepath.WalkDir(i.Dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(i.Dir, path)
			info, _ := d.Info()
			files = append(files, fmt.Sprintf("%s %v", name, info.Mode().Perm()&0o111 != 0))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"installed.json false", "lib/plugin.so false", "nvidia/bin/ptxas true", "one.dist-info/LICENSE false"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(s.told.String(), "2 MB to fetch (2 of 2 wheels), 1 MB unpacked") {
		t.Errorf("said %q", s.told.String())
	}
	if _, err := s.install(); err != nil || s.downloads() != 2 {
		t.Errorf("the second time: %v, %d downloads", err, s.downloads())
	}
	if freed, err := plugin.Remove(s.set); err != nil || freed == 0 {
		t.Errorf("removed %d bytes, %v", freed, err)
	}
	if freed, err := plugin.Remove(s.set); err != nil || freed != 0 {
		t.Errorf("removed %d bytes again, %v", freed, err)
	}
}

// What came whole is not fetched again after a later wheel failed.
func TestInstallGoesOn(t *testing.T) {
	s := newScene(t)
	two := filepath.Join(s.index, "two==1.0")
	if err := os.Rename(two, two+".away"); err != nil {
		t.Fatal(err)
	}
	_, err := s.install()
	s.refused(err, "No matching distribution found for two==1.0")
	if err := os.Rename(two+".away", two); err != nil {
		t.Fatal(err)
	}
	if _, err := s.install(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.told.String(), "one-1.0-py3-none-any.whl is here already") || s.downloads() != 3 {
		t.Errorf("said %q, %d downloads", s.told.String(), s.downloads())
	}
}

func TestInstallRefuses(t *testing.T) {
	t.Run("another digest", func(t *testing.T) {
		s := newScene(t)
		s.set.Wheels[1].SHA256 = sum([]byte("other"))
		_, err := s.install()
		s.refused(err, "two-1.0-py3-none-any.whl came with sha256 ")
	})
	t.Run("a wheel with another digest", func(t *testing.T) {
		s := newScene(t)
		file := filepath.Join(t.TempDir(), s.set.Wheels[0].File)
		s.write(file, "forged", 0o644)
		_, err := s.install(file)
		s.refused(err, "has sha256 "+sum([]byte("forged"))+", want "+s.set.Wheels[0].SHA256)
	})
	t.Run("a wheel of something else", func(t *testing.T) {
		s := newScene(t)
		file := filepath.Join(t.TempDir(), "other.whl")
		s.write(file, "other", 0o644)
		_, err := s.install(file)
		s.refused(err, "is none of one-1.0")
	})
	t.Run("no pip", func(t *testing.T) {
		s := newScene(t)
		t.Setenv("PATH", t.TempDir())
		_, err := s.install()
		s.refused(err, "no pip on this machine")
	})
	t.Run("no room", func(t *testing.T) {
		s := newScene(t)
		s.set.Disk = 1 << 40
		_, err := s.install()
		s.refused(err, "MB free, ")
	})
	t.Run("another platform", func(t *testing.T) {
		s := newScene(t)
		s.set.Platform = "plan9/386"
		_, err := s.install()
		s.refused(err, "name a plugin of your own with FETTLE_PJRT_CPU")
	})
	t.Run("a wheel that writes elsewhere", func(t *testing.T) {
		s := newScene(t)
		s.publish("three", wheel(t, map[string]string{"../../escaped": "x"}))
		_, err := s.install()
		s.refused(err, "which lies outside of it")
	})
}

// Wheels that the user has need no pip, whatever they are called.
func TestInstallFromFiles(t *testing.T) {
	s := newScene(t)
	t.Setenv("PATH", t.TempDir())
	var given []string
	for i, w := range s.set.Wheels {
		raw, err := os.ReadFile(filepath.Join(s.index, w.Package+"=="+w.Version, w.File))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), fmt.Sprintf("%d.whl", i))
		s.write(file, string(raw), 0o644)
		given = append(given, file)
	}
	if _, err := s.install(given...); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(given[0]); err != nil {
		t.Errorf("the user's file is gone: %v", err)
	}
}
