package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Found is a plugin on this machine.
type Found struct {
	Path  string
	Where string // how it was found, for people
}

// ErrNone says that a backend has no plugin here.
var ErrNone = errors.New("no PJRT plugin")

// Variable is the environment variable that names a backend's plugin: FETTLE_PJRT_CPU for xla:cpu.
func Variable(backend string) string {
	return "FETTLE_PJRT_" + strings.ToUpper(strings.TrimPrefix(backend, "xla:"))
}

// Find finds the plugin that backend "xla:cpu" or "xla:cuda" computes with.
func Find(backend string) (Found, error) {
	if path := os.Getenv(Variable(backend)); path != "" {
		abs, err := filepath.Abs(path)
		if err != nil {
			return Found{}, err
		}
		return Found{abs, Variable(backend)}, check(abs)
	}
	for _, s := range sets {
		if s.Backend != backend || s.Name == CUDACompile {
			continue
		}
		if i, err := installed(s); err == nil {
			return Found{i.Library, "installed by fettle"}, i.check()
		} else if !errors.Is(err, os.ErrNotExist) {
			return Found{}, err
		}
	}
	if f, ok := inPython(backend); ok {
		return f, check(f.Path)
	}
	return Found{}, fmt.Errorf("%w: `fettle backend install %s` gets it", ErrNone, strings.ReplaceAll(backend, ":", "-"))
}

// FindCompiler finds a CUDA plugin that can compile, whether or not there is enough beside it to compute.
func FindCompiler() (Found, error) {
	f, err := Find("xla:cuda")
	if !errors.Is(err, ErrNone) {
		return f, err
	}
	set, _ := SetOf(CUDACompile)
	if i, err := installed(set); err == nil {
		return Found{i.Library, "installed by fettle, to compile only"}, i.check()
	}
	return Found{}, fmt.Errorf("%w: `fettle backend install xla-cuda -compile-only` gets it", ErrNone)
}

// inPackages are the places of plugins in Python's folders of packages, the newest first.
var inPackages = map[string][]string{
	"xla:cpu":  {"lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so"},
	"xla:cuda": {"jax_plugins/xla_cuda13/xla_cuda_plugin.so", "jax_plugins/xla_cuda12/xla_cuda_plugin.so"},
}

func inPython(backend string) (Found, bool) {
	folders := pythonPath()
	for _, name := range inPackages[backend] {
		for _, dir := range folders {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return Found{path, "of Python's packages"}, true
			}
		}
	}
	return Found{}, false
}

// pythonPath asks the Python on PATH where it looks for packages; that of an active virtual environment comes first there.
func pythonPath() []string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, python := range []string{"python3", "python"} {
		out, err := exec.CommandContext(ctx, python, "-c", `import sys; print("\n".join(p for p in sys.path if p))`).Output()
		if err == nil {
			return strings.Split(strings.TrimSpace(string(out)), "\n")
		}
	}
	return nil
}

// Absent says that an error of Find is only that there is no plugin, which is no fault of the machine.
func Absent(err error) bool { return errors.Is(err, ErrNone) }
