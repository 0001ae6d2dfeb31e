package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// KV is one entry of the metadata. Values are uint8, int8, uint16, int16, uint32, int32, float32, bool, string, uint64, int64,
// float64, or a slice of one of these.
type KV struct {
	Key   string
	Value any
}

// The value types of the format.
const (
	kindUint8 = iota
	kindInt8
	kindUint16
	kindInt16
	kindUint32
	kindInt32
	kindFloat32
	kindBool
	kindString
	kindArray
	kindUint64
	kindInt64
	kindFloat64
)

// appendValue writes the type and the value.
func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case []string:
		return appendArray(b, kindString, v), nil
	case []int32:
		return appendArray(b, kindInt32, v), nil
	case []uint32:
		return appendArray(b, kindUint32, v), nil
	case []float32:
		return appendArray(b, kindFloat32, v), nil
	case []bool:
		return appendArray(b, kindBool, v), nil
	}
	kind := kindOf(v)
	if kind < 0 {
		return nil, fmt.Errorf("metadata value of type %T cannot be stored", v)
	}
	return appendScalar(binary.LittleEndian.AppendUint32(b, uint32(kind)), v), nil
}

func appendArray[T any](b []byte, kind uint32, values []T) []byte {
	b = binary.LittleEndian.AppendUint32(b, kindArray)
	b = binary.LittleEndian.AppendUint32(b, kind)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(values)))
	for _, v := range values {
		b = appendScalar(b, v)
	}
	return b
}

func kindOf(v any) int {
	switch v.(type) {
	case uint8:
		return kindUint8
	case uint32:
		return kindUint32
	case int32:
		return kindInt32
	case float32:
		return kindFloat32
	case bool:
		return kindBool
	case string:
		return kindString
	case uint64:
		return kindUint64
	}
	return -1
}

func appendScalar(b []byte, v any) []byte {
	switch v := v.(type) {
	case uint8:
		return append(b, v)
	case uint32:
		return binary.LittleEndian.AppendUint32(b, v)
	case int32:
		return binary.LittleEndian.AppendUint32(b, uint32(v))
	case float32:
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	case bool:
		if v {
			return append(b, 1)
		}
		return append(b, 0)
	case string:
		return append(binary.LittleEndian.AppendUint64(b, uint64(len(v))), v...)
	case uint64:
		return binary.LittleEndian.AppendUint64(b, v)
	}
	panic(fmt.Sprintf("gguf: no encoding for %T", v))
}
