//go:build xla && cgo && linux

package backend

/*
#include <malloc.h>
*/
import "C"

import "runtime/debug"

// GiveBack returns to the system what reading weights and compiling left free. The heap that a backend shares with its compiler
// does not shrink by itself (see Prepare).
func GiveBack() {
	debug.FreeOSMemory()
	C.malloc_trim(0)
}

func heapSize() int64 { return int64(C.mallinfo2().arena) }
