package tokenizer

import (
	"encoding/binary"
	"errors"
	"iter"
)

// field is one field of a protocol buffer.
type field struct {
	number int
	bits   uint64 // of varints and of fixed 32 and 64 bit numbers
	bytes  []byte // of strings and messages
}

var errProtobuf = errors.New("is no protocol buffer, or is cut short")

// fields are those of a message, in the order in which they stand. It stops at the first error.
func fields(data []byte) iter.Seq2[field, error] {
	return func(yield func(field, error) bool) {
		for len(data) > 0 {
			f, rest, err := nextField(data)
			if !yield(f, err) || err != nil {
				return
			}
			data = rest
		}
	}
}

func nextField(data []byte) (f field, rest []byte, err error) {
	key, n := binary.Uvarint(data)
	if n <= 0 {
		return f, nil, errProtobuf
	}
	data = data[n:]
	f.number = int(key >> 3)
	switch key & 7 {
	case 0:
		if f.bits, n = binary.Uvarint(data); n <= 0 {
			return f, nil, errProtobuf
		}
		return f, data[n:], nil
	case 1:
		if len(data) < 8 {
			return f, nil, errProtobuf
		}
		f.bits = binary.LittleEndian.Uint64(data)
		return f, data[8:], nil
	case 2:
		size, n := binary.Uvarint(data)
		if n <= 0 || size > uint64(len(data)-n) {
			return f, nil, errProtobuf
		}
		f.bytes = data[n : n+int(size)]
		return f, data[n+int(size):], nil
	case 5:
		if len(data) < 4 {
			return f, nil, errProtobuf
		}
		f.bits = uint64(binary.LittleEndian.Uint32(data))
		return f, data[4:], nil
	}
	return f, nil, errProtobuf
}
