package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// value reads a metadata value of a kind.
func (p *parser) value(kind uint32) any {
	if kind != kindArray {
		return p.scalar(kind)
	}
	elem, n := p.u32(), p.count()
	switch elem {
	case kindUint8:
		return list[uint8](p, elem, n)
	case kindInt8:
		return list[int8](p, elem, n)
	case kindUint16:
		return list[uint16](p, elem, n)
	case kindInt16:
		return list[int16](p, elem, n)
	case kindUint32:
		return list[uint32](p, elem, n)
	case kindInt32:
		return list[int32](p, elem, n)
	case kindFloat32:
		return list[float32](p, elem, n)
	case kindBool:
		return list[bool](p, elem, n)
	case kindString:
		return list[string](p, elem, n)
	case kindUint64:
		return list[uint64](p, elem, n)
	case kindInt64:
		return list[int64](p, elem, n)
	case kindFloat64:
		return list[float64](p, elem, n)
	}
	p.fault("array of kind %d is not supported", elem)
	return nil
}

func list[T any](p *parser, kind uint32, n int) []T {
	var out []T
	for range n {
		v, ok := p.scalar(kind).(T)
		if p.err != nil || !ok {
			return nil
		}
		out = append(out, v)
	}
	return out
}

var scalarSize = map[uint32]uint64{kindUint8: 1, kindInt8: 1, kindBool: 1, kindUint16: 2, kindInt16: 2, kindUint32: 4,
	kindInt32: 4, kindFloat32: 4, kindUint64: 8, kindInt64: 8, kindFloat64: 8}

func (p *parser) scalar(kind uint32) any {
	if kind == kindString {
		return p.text()
	}
	size := scalarSize[kind]
	if size == 0 {
		p.fault("value of kind %d is not known", kind)
	}
	b := p.bytes(size)
	if p.err != nil {
		return nil
	}
	var wide [8]byte
	copy(wide[:], b)
	v := binary.LittleEndian.Uint64(wide[:])
	switch kind {
	case kindUint8:
		return uint8(v)
	case kindInt8:
		return int8(v)
	case kindUint16:
		return uint16(v)
	case kindInt16:
		return int16(v)
	case kindUint32:
		return uint32(v)
	case kindInt32:
		return int32(v)
	case kindFloat32:
		return math.Float32frombits(uint32(v))
	case kindBool:
		return v != 0
	case kindInt64:
		return int64(v)
	case kindFloat64:
		return math.Float64frombits(v)
	}
	return v
}

func (p *parser) fault(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}
