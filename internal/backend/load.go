//go:build xla && cgo

package backend

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

// plugin_api loads a PJRT plugin and gives its table of functions; NULL and the reason where it cannot.
static void *plugin_api(const char *path, const char **fault) {
	void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (library == NULL) {
		*fault = dlerror();
		return NULL;
	}
	void *(*get)(void) = (void *(*)(void))dlsym(library, "GetPjrtApi");
	if (get == NULL) {
		*fault = "it has no function GetPjrtApi";
		return NULL;
	}
	void *api = get();
	if (api == NULL)
		*fault = "its function GetPjrtApi gives nothing";
	return api;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/gomlx/go-xla/pjrt"
)

var loading struct {
	sync.Mutex
	paths map[string]string // name -> path of the library: a process loads one for each
}

// load makes a plugin known to go-xla. It stays loaded until the process ends: XLA cannot be unloaded.
func load(name, path string) (*pjrt.Plugin, error) {
	loading.Lock()
	defer loading.Unlock()
	if was, ok := loading.paths[name]; ok {
		if was != path {
			return nil, fmt.Errorf("this process computes with %s already", was)
		}
		return pjrt.GetPlugin(registered(name))
	}
	c := C.CString(path)
	defer C.free(unsafe.Pointer(c))
	var fault *C.char
	api := C.plugin_api(c, &fault)
	if api == nil {
		return nil, errors.New(oneLine(C.GoString(fault)))
	}
	if err := pjrt.RegisterPreloadedPlugin(registered(name), uintptr(api)); err != nil {
		return nil, errors.New(oneLine(err.Error()))
	}
	if loading.paths == nil {
		loading.paths = map[string]string{}
	}
	loading.paths[name] = path
	return pjrt.GetPlugin(registered(name))
}
