package table

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// MaxLine bounds the memory that one line, or one CSV record, may take.
const MaxLine = 64 << 20

var longest = fmt.Sprintf("%d MiB", MaxLine>>20)

// ErrLongLine is what a line longer than MaxLine is.
var ErrLongLine = fmt.Errorf("longer than %s", longest)

// lineReader splits at \n alone: U+2028, U+0085 and a lone \r are characters of the text.
type lineReader struct {
	in   *bufio.Reader
	line int64 // number of the line read last, from 1
	buf  []byte
}

func newLineReader(r io.Reader) lineReader { return lineReader{in: bufio.NewReaderSize(r, 1<<16)} }

// next is the next line with its \n, good until the call after. One that is too long is passed over: ErrLongLine.
func (l *lineReader) next() ([]byte, error) {
	l.line++
	l.buf = l.buf[:0]
	long := false
	for {
		part, err := l.in.ReadSlice('\n')
		if long = long || len(l.buf)+len(part) > MaxLine; !long {
			l.buf = append(l.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(l.buf) == 0 && !long:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, fmt.Errorf("line %d: %w", l.line, err)
		case long:
			return nil, ErrLongLine
		}
		return l.buf, nil
	}
}
