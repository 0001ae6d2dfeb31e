package table

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"unicode/utf8"
)

// RowError says why one row could not be read; the rows after it can.
type RowError struct {
	File   string
	Line   int64 // where the row starts, from 1; for .parquet and .arrow the row's number, from 1
	Reason string
	Raw    string // text formats: the row as it stands there, cut at 2,000 bytes, as valid UTF-8
}

func (e *RowError) Error() string { return fmt.Sprintf("read %s:%d: %s", e.File, e.Line, e.Reason) }

func isRowError(err error) bool {
	var row *RowError
	return errors.As(err, &row)
}

// maxRaw is how many bytes of a row a RowError shows.
const maxRaw = 2000

// excerpt is the beginning of a row's text.
func excerpt(raw []byte) string {
	text := bytes.ToValidUTF8(cutRunes(raw), []byte("\ufffd"))
	return string(cutRunes(text)) // a replacement is longer than the byte it stands for
}

// cutRunes cuts at maxRaw bytes or up to three before, so that no character is split.
func cutRunes(text []byte) []byte {
	if len(text) <= maxRaw {
		return text
	}
	end := maxRaw
	for end > maxRaw-utf8.UTFMax+1 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// located is what makes the rest of a text file unreadable.
type located struct {
	path   string
	line   int64 // 0 = the reason says where
	reason string
}

func (e *located) Error() string {
	if e.line == 0 {
		return e.path + ": " + e.reason
	}
	return fmt.Sprintf("%s:%d: %s", e.path, e.line, e.reason)
}

// inFile says what was done to which file, unless the error does.
func inFile(verb, path string, err error) error {
	var at *located
	var file *fs.PathError
	if errors.As(err, &at) || (errors.As(err, &file) && file.Path == path) {
		return err
	}
	return fmt.Errorf("%s %s: %w", verb, path, err)
}

// guard turns a panic of a codec library on damaged data into an error.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("damaged file: %v", p)
	}
}
