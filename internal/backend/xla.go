//go:build xla && cgo

package backend

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"k8s.io/klog/v2"

	"fettle/internal/backend/plugin"
)

// glibc reads these once, when a process starts (see Prepare): huge pages, and big temporaries from a heap that never shrinks
// and that all threads share. Else each step maps, clears and returns its memory: 400 page faults a step, now 2.
const (
	tunables = "GLIBC_TUNABLES"
	tunable  = "glibc.malloc.hugetlb"
	asked    = tunable + "=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=68719476736:glibc.malloc.arena_max=1"
)

func init() {
	xla.EnableAutoInstall(false)
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // go-xla's warnings: what matters of them is in its errors
	register(kind{name: "xla:cpu", rank: 1, open: func() (compute.Backend, Facts, error) { return openXLA("xla:cpu") }})
	register(kind{name: "xla:cuda", rank: 2, idle: noGPU, open: func() (compute.Backend, Facts, error) { return openXLA("xla:cuda") }})
}

// openXLA opens XLA with the plugin that is found for the name.
func openXLA(name string) (compute.Backend, Facts, error) {
	found, err := plugin.Find(name)
	if err != nil {
		return nil, Facts{}, err
	}
	config := registered(name)
	if name == "xla:cuda" {
		memory, err := driver(found.Path)
		if err != nil {
			return nil, Facts{}, err
		}
		config += "," + cudaOptions(memory)
	}
	p, err := load(name, found.Path)
	if err != nil {
		return nil, Facts{}, fmt.Errorf("plugin %s: %w", found.Path, err)
	}
	b, err := xla.NewWithOptions(config, nil)
	if err != nil {
		return nil, Facts{}, clearly(found, err)
	}
	major, minor := p.Version()
	facts := Facts{Plugin: found.Path, API: fmt.Sprintf("PJRT %d.%d", major, minor)}
	for n := range b.NumDevices() {
		facts.Devices = append(facts.Devices, b.DeviceDescription(compute.DeviceNum(n)))
	}
	if name == "xla:cpu" {
		facts.What = fmt.Sprintf("XLA on %d CPU cores", runtime.GOMAXPROCS(0))
		if hugePages() {
			facts.What += " with huge pages"
		}
	} else {
		facts.What = "XLA on " + strings.Join(facts.Devices, ", ")
	}
	facts.What += fmt.Sprintf(", plugin %s (%s)", filepath.Base(found.Path), found.Where)
	return b, facts, nil
}

// optionsVariable is the environment variable with options of XLA's client on CUDA, which win over fettle's own.
const optionsVariable = "FETTLE_CUDA_OPTIONS"

// cudaOptions are options of XLA's client on a card of so many bytes. float32 is float32: go-xla would round the operands of
// products to the 10 bits of TF32, torch does not. The card's memory is taken as it is needed, up to 1 GiB below all of it, which
// `fettle compile` leaves too: XLA's own limit is 75 %.
func cudaOptions(memory int64) string {
	options := "tf32=false,preallocate=false"
	if left := int64(1) << 30; memory > 4*left {
		options += fmt.Sprintf(",memory_fraction=%.4f", 1-float64(left)/float64(memory))
	}
	if own := os.Getenv(optionsVariable); own != "" {
		options += "," + own // of two that have one name, go-xla takes the last
	}
	return options
}

// registered is what go-xla knows a plugin by: an absolute path, so that it searches no folders, with cpu or cuda in it and
// nothing of the user's own path, from which it would guess.
func registered(name string) string { return "/fettle/" + name }

// clearly says in one line why a plugin gave no client.
func clearly(found plugin.Found, err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "No visible GPU devices"), strings.Contains(text, "no CUDA-capable device"):
		return errors.New("no NVIDIA GPU is visible: `nvidia-smi` tells whether the driver works, CUDA_VISIBLE_DEVICES may hide it")
	case strings.Contains(text, "CUDA driver version is insufficient"), strings.Contains(text, "libcuda"):
		return fmt.Errorf("the NVIDIA driver does not fit plugin %s: %s", found.Path, oneLine(text))
	}
	return fmt.Errorf("plugin %s: %s", found.Path, oneLine(text))
}

func hugePages() bool { return strings.Contains(os.Getenv(tunables), tunable+"=1") }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// noGPU says that there is no sign of an NVIDIA GPU: auto then does not load the plugin, which takes long.
func noGPU() error {
	for _, pattern := range []string{"/dev/nvidia[0-9]*", "/dev/nvidiactl", "/dev/dxg"} { // the last: Linux on Windows
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return nil
		}
	}
	if os.Getenv(plugin.Variable("xla:cuda")) != "" {
		return nil
	}
	return errors.New("no NVIDIA GPU here")
}
