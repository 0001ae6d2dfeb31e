package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// csvReader splits RFC 4180 records, and unlike encoding/csv keeps \r\n inside quotes. A quote inside a cell that does not
// start with one is a character like any other.
type csvReader struct {
	lineReader
	comma byte
	start int64 // line of the record read last
	cells []string
	cell  []byte
}

// read is the next record, good until the call after; after a *csvFault the next record follows.
func (c *csvReader) read() ([]string, error) {
	for {
		text, err := c.next()
		c.start = c.line
		if err == errLongLine {
			return nil, &csvFault{err}
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimRight(text, "\r\n")) > 0 { // an empty line is no record
			return c.record(text)
		}
	}
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
	for {
		end := bytes.IndexByte(text, '"')
		if end < 0 {
			c.cell = append(c.cell, text...)
			if len(c.cell) > maxLine {
				return nil, fmt.Errorf("line %d: a record is %w: is a quote missing?", c.start, errLongLine)
			}
			more, err := c.next()
			if err == io.EOF {
				return nil, &csvFault{errors.New("a quote is not closed")}
			}
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", c.start, err)
			}
			text = more
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
