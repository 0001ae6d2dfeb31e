//go:build xla && cgo && linux

package backend

/*
#include <dlfcn.h>
#include <stddef.h>

// driver_devices asks NVIDIA's driver itself, as XLA does: how many GPUs there are, for which CUDA it is, and the memory of the
// first GPU in bytes, 0 where it does not say. It returns 0, the driver's own error, or -1 where there is none.
static int driver_devices(int *devices, int *version, size_t *memory) {
	void *library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
	if (library == NULL)
		return -1;
	int (*init)(unsigned) = (int (*)(unsigned))dlsym(library, "cuInit");
	int (*count)(int *) = (int (*)(int *))dlsym(library, "cuDeviceGetCount");
	int (*of)(int *) = (int (*)(int *))dlsym(library, "cuDriverGetVersion");
	int (*total)(size_t *, int) = (int (*)(size_t *, int))dlsym(library, "cuDeviceTotalMem_v2");
	if (init == NULL || count == NULL || of == NULL)
		return -1;
	of(version);
	int err = init(0);
	if (err == 0)
		err = count(devices);
	if (err == 0 && *devices > 0 && total != NULL && total(memory, 0) != 0)
		*memory = 0;
	return err;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of the driver that have a cause to tell (cuda.h, CUresult).
var driverErrors = map[int]string{
	100: "no NVIDIA GPU is visible: `nvidia-smi` tells whether there is one, CUDA_VISIBLE_DEVICES may hide it",
	803: "the NVIDIA driver in the kernel and its library libcuda.so.1 are of different versions: a reboot after an update helps",
	804: "the NVIDIA driver is too old for the libcuda.so.1 that lies in front of it",
	999: "the NVIDIA driver does not start: `nvidia-smi` tells more",
}

// driver gives the memory of the first GPU in bytes, 0 where it is not known. An error says why no plugin for CUDA can work
// here: XLA would say it in many lines, and later.
func driver(plugin string) (int64, error) {
	var devices, version C.int
	var memory C.size_t
	code := int(C.driver_devices(&devices, &version, &memory))
	switch {
	case code == -1:
		return 0, errors.New("no NVIDIA driver on this machine (libcuda.so.1)")
	case code != 0 && driverErrors[code] != "":
		return 0, errors.New(driverErrors[code])
	case code != 0:
		return 0, fmt.Errorf("the NVIDIA driver does not start: error %d of cuInit", code)
	case devices == 0:
		return 0, errors.New(driverErrors[100])
	case strings.Contains(plugin, "cuda13") && version < 13000:
		return 0, fmt.Errorf("the NVIDIA driver is for CUDA %d.%d, plugin %s for CUDA 13: a driver of the series 580 or newer is needed", version/1000, version%1000/10, plugin)
	}
	return int64(memory), nil
}
