package table

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
)

// squeezed puts a codec's encoder on top of a file, with the compression that the file's name asks for.
func squeezed(file io.Writer, squeeze string, s *Schema, c codec) (encoder, error) {
	var z io.WriteCloser
	var err error
	switch squeeze {
	case ".gz":
		z = gzip.NewWriter(file) // no name, no time: the same bytes every time
	case ".zst":
		z, err = zstd.NewWriter(file, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1))
	default:
		return c.create(file, s)
	}
	if err != nil {
		return nil, err
	}
	enc, err := c.create(z, s)
	if err != nil {
		return nil, err
	}
	return &squeezer{enc, z}, nil
}

type squeezer struct {
	encoder
	z io.Closer
}

func (s *squeezer) close() error { return errors.Join(s.encoder.close(), s.z.Close()) }

// openText opens a text file as UTF-8: decompressed by its name, without a byte order mark, UTF-16 (which needs one)
// transcoded.
func openText(path, squeeze string) (io.Reader, func() error, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	var r io.Reader = file
	done := file.Close
	switch squeeze {
	case ".gz":
		z, err := gzip.NewReader(bufio.NewReaderSize(file, 1<<16))
		if err != nil {
			file.Close()
			return nil, nil, err
		}
		r = z
	case ".zst":
		z, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			file.Close()
			return nil, nil, err
		}
		r, done = z, func() error { z.Close(); return file.Close() }
	}
	return Decoded(r), done, nil
}

// Decoded gives a text as UTF-8: without a byte order mark, UTF-16 (which needs one) transcoded.
func Decoded(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 1<<16)
	head, _ := b.Peek(3)
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		b.Discard(3)
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(b)
	}
	return b
}
