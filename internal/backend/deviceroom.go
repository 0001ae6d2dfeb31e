//go:build xla && cgo

package backend

/*
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Of PJRT's C interface (xla/pjrt/c/pjrt_c_api.h), whose order is fixed: new functions come at its end.
struct memory_stats {
	size_t struct_size;
	void *extension_start;
	void *device;
	int64_t bytes_in_use;
	struct { int64_t value; bool is_set; } peak, allocs, largest, limit, reserved, peak_reserved, reservable, largest_free, pool, peak_pool;
};

struct error_args {
	size_t struct_size;
	void *extension_start;
	void *error;
};

enum { functions = 5, error_destroy = functions, device_memory_stats = functions + 34 };

// device_memory gives what a device's memory has in all, in use, and had in use at most (0 = not told); 0, or -1 where its plugin
// does not tell.
static int device_memory(void *api, void *device, int64_t *limit, int64_t *used, int64_t *peak) {
	void **table = api;
	if (*(size_t *)api < (device_memory_stats + 1) * sizeof(void *))
		return -1;
	struct memory_stats args = {.struct_size = sizeof args, .device = device};
	void *error = ((void *(*)(struct memory_stats *))table[device_memory_stats])(&args);
	if (error != NULL) {
		struct error_args destroy = {.struct_size = sizeof destroy, .error = error};
		((void (*)(struct error_args *))table[error_destroy])(&destroy);
		return -1;
	}
	*limit = args.limit.value;
	*used = args.bytes_in_use;
	*peak = args.peak.is_set ? args.peak.value : 0;
	return args.limit.is_set ? 0 : -1;
}
*/
import "C"

import (
	"reflect"

	"github.com/gomlx/compute"
)

// deviceRoom asks the plugin how much of its first device's memory is free.
func deviceRoom(b compute.Backend) (Room, bool) {
	limit, used, _, ok := deviceMemory(b)
	return Room{Bytes: max(0, limit-used), Of: "the device"}, ok
}

// devicePeak asks the plugin how many bytes of its first device's memory were in use at most since it was opened.
func devicePeak(b compute.Backend) (int64, bool) {
	_, _, peak, ok := deviceMemory(b)
	return peak, ok && peak > 0
}

func deviceMemory(b compute.Backend) (limit, used, peak int64, ok bool) {
	// go-xla has no call for it, and does not show what it holds. Pointers may be read there all the same.
	v := reflect.Indirect(reflect.ValueOf(b))
	api, devices := field(v, "plugin", "api"), field(v, "client", "addressableDevices")
	if !api.IsValid() || api.Kind() != reflect.Pointer || !devices.IsValid() || devices.Kind() != reflect.Slice || devices.Len() == 0 {
		return 0, 0, 0, false
	}
	device := field(devices.Index(0), "cDevice")
	if !device.IsValid() || device.Kind() != reflect.Pointer {
		return 0, 0, 0, false
	}
	var l, u, p C.int64_t
	if C.device_memory(api.UnsafePointer(), device.UnsafePointer(), &l, &u, &p) != 0 {
		return 0, 0, 0, false
	}
	return int64(l), int64(u), int64(p), true
}

// field follows fields and pointers; the zero Value where one is missing.
func field(v reflect.Value, names ...string) reflect.Value {
	for _, name := range names {
		if v = reflect.Indirect(v); v.Kind() != reflect.Struct {
			return reflect.Value{}
		}
		v = v.FieldByName(name)
	}
	return v
}
