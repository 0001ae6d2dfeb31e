package safetensors

import (
	"fmt"
	"unsafe"
)

// ReadBytes is Bytes into the caller's memory, of exactly the tensor's size.
func (f *File) ReadBytes(dst []byte, name string) error {
	at, ok := f.tensors[name]
	if !ok {
		return fmt.Errorf("read %s: no tensor %q", f.Path, name)
	}
	if int64(len(dst)) != at.end-at.begin {
		return fmt.Errorf("read %s tensor %q: it has %d bytes, there is room for %d", f.Path, name, at.end-at.begin, len(dst))
	}
	return f.read(dst, name, at)
}

// ReadFloat32 is Float32 into the caller's memory, of exactly the tensor's length. It takes no other memory (but for F64): narrow
// values are read to the end of dst and become wide from its beginning on, which never overtakes what is still to be read.
func (f *File) ReadFloat32(dst []float32, name string) error {
	at, ok := f.tensors[name]
	switch {
	case !ok:
		return fmt.Errorf("read %s: no tensor %q", f.Path, name)
	case !at.DType.Float():
		return fmt.Errorf("read %s tensor %q: it is %s, no float", f.Path, name, at.DType)
	case len(dst) != at.Len():
		return fmt.Errorf("read %s tensor %q: it has %d numbers, there is room for %d", f.Path, name, at.Len(), len(dst))
	case at.DType == F64:
		data, err := f.Borrow(name)
		if err == nil {
			DecodeInto(dst, F64, data)
		}
		return err
	}
	room := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), 4*len(dst))
	room = room[len(room)-int(at.end-at.begin):]
	if err := f.read(room, name, at); err != nil {
		return err
	}
	widen(dst, at.DType, room)
	return nil
}

// alone is how many numbers are not worth the start of another processor's work.
const alone = 1 << 18

// widen is DecodeInto where data is the end of dst's own memory. One processor, from the beginning to the end, never writes over
// what is still to be read. Many do, if they go further in a round than to where its first number lies: half of what is left, of
// numbers half as wide.
func widen(dst []float32, d DType, data []byte) {
	size, from := d.Size(), 0
	if size == 4 {
		DecodeInto(dst, d, data) // each number lies where it goes
		return
	}
	for len(dst)-from > alone {
		to := len(dst) - ((len(dst)-from)*size+3)/4
		DecodeInto(dst[from:to], d, data[from*size:to*size])
		from = to
	}
	decode(dst[from:], d, data[from*size:])
}
