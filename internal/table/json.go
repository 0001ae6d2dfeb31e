package table

import (
	"bufio"
	"bytes"
	"fmt"
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

// jsonValues cuts an array into its objects by counting brackets, so that one that is no JSON costs only itself. One whose
// brackets or quotes do not close takes all others with it: that ends the reading, as does what follows the array.
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
		switch {
		case err == io.EOF && !j.ended:
			return record{}, j.cutOff("")
		case err != nil:
			return record{}, err
		case j.ended:
			return record{}, &located{j.lines.path, j.line, "text after the end of the array"}
		case !j.begun:
			j.begun = true
		case c == ']':
			j.ended = true
		case c == ',':
		default:
			j.lines.line = j.line
			if err := j.cut(c); err != nil {
				return record{}, err
			}
			if len(j.value) == MaxLine {
				return record{}, j.lines.fault(j.value, "the value is "+ErrLongLine.Error())
			}
			return j.lines.record(j.value)
		}
	}
}

func (j *jsonValues) at() int64 { return j.lines.line }

func (j *jsonValues) cutOff(why string) error {
	return &located{path: j.lines.path, reason: fmt.Sprintf("the array is cut off at line %d%s", j.line, why)}
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

// cut collects the value that starts with c: an object or array up to its closing bracket, anything else up to where it
// cannot go on.
func (j *jsonValues) cut(c byte) error {
	j.value = append(j.value[:0], c)
	var open brackets
	for first := true; ; first = false {
		if !first {
			var err error
			switch c, err = j.r.ReadByte(); {
			case err == io.EOF && open.depth == 0 && !open.quoted:
				return nil // the next read says that the array does not end
			case err == io.EOF:
				return j.cutOff(fmt.Sprintf(": the value that starts at line %d does not end", j.lines.line))
			case err != nil:
				return err
			}
			if open.depth == 0 && !open.quoted && (c == ',' || c == ']' || c == '\n') {
				return j.r.UnreadByte()
			}
			if len(j.value) < MaxLine {
				j.value = append(j.value, c)
			}
		}
		if c == '\n' {
			j.line++
		}
		if open.pass(c) && open.depth <= 0 {
			return nil
		}
	}
}
