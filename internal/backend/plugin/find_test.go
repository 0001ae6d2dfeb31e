package plugin_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"fettle/internal/backend/plugin"
)

const here = runtime.GOOS + "/" + runtime.GOARCH

func TestFind(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("libraries are ELF on Linux")
	}
	self, err := os.ReadFile("/proc/self/exe") // a whole ELF file
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, raw []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, raw, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	packages := filepath.Join(dir, "packages")
	inPackages := file("packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so", self)
	python := file("bin/python3", []byte("#!/bin/sh\necho /nowhere\necho "+packages+"\n"))
	t.Setenv("FETTLE_CACHE", filepath.Join(dir, "cache"))
	whole := file("plugin.so", self)
	tests := []struct {
		name, backend, env, path string
		want, fault              string
	}{
		{name: "named", backend: "xla:cpu", env: whole, want: whole},
		{name: "named, not there", backend: "xla:cpu", env: filepath.Join(dir, "none.so"), fault: "no such file"},
		{name: "named, a folder", backend: "xla:cpu", env: dir, fault: "is no file"},
		{name: "named, a text", backend: "xla:cpu", env: file("text.so", []byte("no library")), fault: "is no whole shared library"},
		{name: "named, empty", backend: "xla:cpu", env: file("empty.so", nil), fault: "is no whole shared library"},
		{name: "named, cut short", backend: "xla:cpu", env: file("short.so", self[:len(self)/3]), fault: "is no whole shared library"},
		{name: "in Python's packages", backend: "xla:cuda", path: filepath.Dir(python), want: inPackages},
		{name: "not in Python's packages", backend: "xla:cpu", path: filepath.Dir(python), fault: "`fettle backend install xla-cpu` gets it"},
		{name: "no Python", backend: "xla:cuda", fault: "`fettle backend install xla-cuda` gets it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("FETTLE_PJRT_CPU", "")
			t.Setenv("FETTLE_PJRT_CUDA", "")
			t.Setenv(plugin.Variable(test.backend), test.env)
			t.Setenv("PATH", test.path)
			got, err := plugin.Find(test.backend)
			switch {
			case test.fault == "" && (err != nil || got.Path != test.want):
				t.Errorf("got %q, %v, want %q", got.Path, err, test.want)
			case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault) || strings.Contains(err.Error(), "\n")):
				t.Errorf("got %v, want one line with %q", err, test.fault)
			}
			if strings.Contains(test.fault, "gets it") != errors.Is(err, plugin.ErrNone) {
				t.Errorf("%v is ErrNone: %v", err, errors.Is(err, plugin.ErrNone))
			}
		})
	}
}

func TestSetOf(t *testing.T) {
	for name, want := range map[string]string{"xla-cpu": plugin.CPU, "xla:cpu": plugin.CPU, "cpu": plugin.CPU, "cuda": plugin.CUDA, "xla-cuda": plugin.CUDA, "cuda-compile": plugin.CUDACompile} {
		if s, err := plugin.SetOf(name); err != nil || s.Name != want {
			t.Errorf("SetOf(%q) = %q, %v", name, s.Name, err)
		}
	}
	if _, err := plugin.SetOf("rocm"); err == nil || !strings.Contains(err.Error(), "want one of xla-cpu, xla-cuda") {
		t.Errorf("an unknown set gave %v", err)
	}
}

// Every pin is complete: a wheel's name and version are those of its file, and its digest is one.
func TestSets(t *testing.T) {
	for _, s := range plugin.Sets() {
		for _, w := range s.Wheels {
			if prefix := strings.ReplaceAll(w.Package, "-", "_") + "-" + w.Version + "-"; !strings.HasPrefix(w.File, prefix) || len(w.SHA256) != 64 || w.Size < 1 {
				t.Errorf("%s: %+v", s.Name, w)
			}
		}
	}
}
