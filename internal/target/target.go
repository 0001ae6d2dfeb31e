//go:build xla && cgo && linux

package target

/*
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "device.h"
*/
import "C"

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
)

// Device is a GPU that is not there.
type Device struct {
	Spec
	Backend compute.Backend // compiles for the GPU, and refuses all else

	c *C.device
}

// pluginName is what go-xla knows our table by: absolute, so that it looks for nothing in folders; with "cuda" in it, so that
// it lowers for CUDA.
const pluginName = "/fettle/target:cuda"

// hasty makes machine code that nobody will run in a fraction of the time; memory is planned before.
const hasty = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true --xla_gpu_disable_gpuasm_optimizations=true"

var (
	opening sync.Mutex
	loaded  string // path of the plugin: a process holds one
)

// Open makes a target's backend with the CUDA plugin at a path; "" means the one that Plugin finds.
func Open(s Spec, plugin string) (*Device, error) {
	opening.Lock()
	defer opening.Unlock()
	plugin, err := Plugin(plugin)
	if err == nil {
		err = load(plugin)
	}
	if err != nil {
		return nil, err
	}
	config := C.CString(s.text)
	defer C.free(unsafe.Pointer(config))
	var fault *C.char
	d := &Device{Spec: s, c: C.device_new(config, C.size_t(len(s.text)), &fault)}
	if d.c == nil {
		return nil, fmt.Errorf("describe target %s to the CUDA plugin: %s", s.Name, C.GoString(fault))
	}
	b, err := xla.New(pluginName + ",tf32=false") // float32 stays float32, as in what package backend opens
	if err != nil {
		return nil, fmt.Errorf("open target %s: %w", s.Name, err)
	}
	d.Backend = b
	return d, nil
}

func load(plugin string) error {
	if loaded == plugin {
		return nil
	}
	if loaded != "" {
		return fmt.Errorf("open CUDA plugin %s: %s is loaded already, and a process takes one", plugin, loaded)
	}
	for name, value := range map[string]string{
		"JAX_SKIP_CUDA_CONSTRAINTS_CHECK": "1", // the plugin looks for CUPTI, which is for profiles of programs that run
		"GOMLX_FUSION":                    "1", // as on a GPU, whatever another backend of this process took
		"XLA_FLAGS":                       strings.TrimSpace(os.Getenv("XLA_FLAGS") + " " + hasty),
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	path := C.CString(plugin)
	defer C.free(unsafe.Pointer(path))
	var err error
	pjrt.SuppressAbseilLoggingHack(func() { err = register(path) }) // it tells at length that there is no GPU
	if err != nil {
		return fmt.Errorf("open CUDA plugin %s: %w", plugin, err)
	}
	loaded = plugin
	return nil
}

func register(path *C.char) error {
	var fault *C.char
	api := C.device_plugin(path, &fault)
	if api == nil {
		return fmt.Errorf("%s", C.GoString(fault))
	}
	return pjrt.RegisterPreloadedPlugin(pluginName, uintptr(unsafe.Pointer(api)))
}

// last is the memory of the program that was compiled last.
func (d *Device) last() Memory {
	m := C.device_memory(d.c)
	return Memory{
		Arguments: int64(m.argument_size_in_bytes), Outputs: int64(m.output_size_in_bytes), Temporaries: int64(m.temp_size_in_bytes),
		Code: int64(m.generated_code_size_in_bytes), Peak: int64(m.peak_memory_in_bytes),
	}
}
