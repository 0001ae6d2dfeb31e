package table

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

func init() {
	codecs[".json"] = codec{openJSON, createJSONL}
	text[".json"] = true
}

// openJSON reads what goes by the name .json: one array of objects, or (as often) lines of objects, which are then read as
// .jsonl is. A table that is written to a .json file is of the second kind.
func openJSON(path string, declared *Schema) (decoder, error) {
	return openTextTable(path, declared, func(r io.Reader, path string) (records, error) {
		b := bufio.NewReaderSize(r, 1<<16)
		if bom, _ := b.Peek(3); bytes.Equal(bom, []byte("\ufeff")) {
			b.Discard(3)
		}
		if !startsArray(b) {
			return &jsonLines{path: path, lineReader: newLineReader(b)}, nil
		}
		return &jsonValues{r: b, lines: jsonLines{path: path}, line: 1}, nil
	})
}

// startsArray looks at the first byte that is no white space, within what the reader holds.
func startsArray(r *bufio.Reader) bool {
	for n := 1; ; n++ {
		head, err := r.Peek(n)
		if err != nil || len(head) < n {
			return false
		}
		if c := head[n-1]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c == '['
		}
	}
}

// jsonValues cuts an array into its objects by counting brackets, so that one that is no JSON costs only itself.
type jsonValues struct {
	r     *bufio.Reader
	lines jsonLines // parses a value and makes it a record
	line  int64
	begun bool
	ended bool
	value []byte
}

func (j *jsonValues) read() (record, error) {
	for {
		c, err := j.skip()
		if err == io.EOF && !j.ended {
			j.ended = true
			j.lines.line = j.line
			return record{}, j.lines.fault("the file ends inside the array: it is cut off")
		}
		if err != nil {
			return record{}, err
		}
		switch {
		case !j.begun && c == '[':
			j.begun = true
		case !j.ended && c == ']':
			j.ended = true
		case !j.ended && c == ',':
		default:
			j.lines.line = j.line
			if err := j.cut(c); err != nil {
				return record{}, err
			}
			return j.lines.record(j.value)
		}
	}
}

// skip is the next byte that is no white space.
func (j *jsonValues) skip() (byte, error) {
	for {
		c, err := j.r.ReadByte()
		switch {
		case err != nil:
			return 0, err
		case c == '\n':
			j.line++
		case c != ' ' && c != '\t' && c != '\r':
			return c, nil
		}
	}
}

// maxValue is the longest object that is kept in memory.
const maxValue = 64 << 20

// cut collects the value that starts with c: an object or array up to its closing bracket, anything else up to where it
// cannot go on.
func (j *jsonValues) cut(c byte) error {
	j.value = append(j.value[:0], c)
	depth, quoted, escaped := 0, false, false
	for first := true; ; first = false {
		if !first {
			var err error
			if c, err = j.r.ReadByte(); errors.Is(err, io.EOF) {
				j.ended = true
				return nil // the parser says what is missing
			} else if err != nil {
				return err
			}
			if depth == 0 && !quoted && (c == ',' || c == ']' || c == '\n') {
				return j.r.UnreadByte()
			}
			if len(j.value) < maxValue {
				j.value = append(j.value, c)
			}
		}
		if c == '\n' {
			j.line++
		}
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth <= 0 {
				return nil
			}
		}
	}
}
