package table

import (
	"bytes"
	"errors"
	"io"
)

// csvReader splits RFC 4180 records, and unlike encoding/csv keeps \r\n inside quotes. A quote inside a cell that does not
// start with one is a character like any other. A quote that is never closed makes the rest of the file one cell: that ends
// the reading, because where the cell was meant to end nobody knows.
type csvReader struct {
	lineReader
	path  string
	comma byte
	start int64  // line of the record read last
	raw   []byte // its text, as far as a RowError shows it
	cells []string
	cell  []byte
}

// read is the next record, good until the call after; after a *csvFault the next record follows.
func (c *csvReader) read() ([]string, error) {
	for {
		text, err := c.next()
		c.start = c.line
		c.raw = c.raw[:0]
		if err == ErrLongLine {
			c.keep(c.buf)
			return nil, &csvFault{err}
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimRight(text, "\r\n")) > 0 { // an empty line is no record
			c.keep(text)
			return c.record(text)
		}
	}
}

func (c *csvReader) keep(text []byte) {
	c.raw = append(c.raw, text[:min(len(text), maxRaw+1-len(c.raw))]...)
}

// csvFault is what is wrong with one record.
type csvFault struct{ error }

func (c *csvReader) record(text []byte) ([]string, error) {
	c.cells = c.cells[:0]
	for {
		if len(text) > 0 && text[0] == '"' {
			rest, err := c.quoted(text[1:])
			if err != nil {
				return nil, err
			}
			text = rest
		} else {
			end := bytes.IndexByte(text, c.comma)
			if end < 0 {
				end = len(trimEnd(text))
			}
			c.cells = append(c.cells, string(text[:end]))
			text = text[end:]
		}
		if len(text) == 0 || text[0] != c.comma {
			break
		}
		text = text[1:]
	}
	if len(trimEnd(text)) > 0 {
		return nil, &csvFault{errors.New("text after a closing quote")}
	}
	return c.cells, nil
}

// quoted reads a cell after its opening quote, over as many lines as it takes, and gives what follows the closing one.
func (c *csvReader) quoted(text []byte) ([]byte, error) {
	c.cell = c.cell[:0]
	opened := c.line
	for {
		end := bytes.IndexByte(text, '"')
		if end < 0 {
			c.cell = append(c.cell, text...)
			if len(c.cell) > MaxLine {
				return nil, &located{c.path, opened, "a quote opened here is not closed within " + longest}
			}
			more, err := c.next()
			switch err {
			case nil:
			case io.EOF:
				return nil, &located{c.path, opened, "a quote opened here is never closed"}
			case ErrLongLine:
				return nil, &located{c.path, opened, "a quote opened here is not closed within " + longest}
			default:
				return nil, err
			}
			text = more
			c.keep(text)
			continue
		}
		c.cell = append(c.cell, text[:end]...)
		text = text[end+1:]
		if len(text) == 0 || text[0] != '"' {
			c.cells = append(c.cells, string(c.cell))
			return text, nil
		}
		c.cell = append(c.cell, '"')
		text = text[1:]
	}
}

// trimEnd cuts a line's \n or \r\n.
func trimEnd(text []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
}
