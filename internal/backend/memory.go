package backend

import (
	"reflect"

	"github.com/gomlx/compute"
)

// Memory is what a compiled program takes, in bytes, as its compiler counts it.
type Memory struct {
	Arguments, Outputs, Temporary int64
}

// Peak is all of it: the arguments stay while the program runs, and the outputs are apart from them.
func (m Memory) Peak() int64 { return m.Arguments + m.Outputs + m.Temporary }

// MemoryOf reads the figures of a compiled program; false where the backend has none (the Go backend plans no memory ahead).
func MemoryOf(e compute.Executable) (Memory, bool) {
	// go-xla keeps PJRT's figures in a field that it does not show. Numbers may be read there all the same.
	v := reflect.Indirect(reflect.ValueOf(e))
	if v.Kind() != reflect.Struct {
		return Memory{}, false
	}
	for _, name := range []string{"exec", "OnDeviceMemoryUsageStats"} {
		if v = v.FieldByName(name); v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return Memory{}, false
		}
	}
	return Memory{Arguments: v.FieldByName("Inputs").Int(), Outputs: v.FieldByName("Outputs").Int(), Temporary: v.FieldByName("Temporary").Int()}, true
}
