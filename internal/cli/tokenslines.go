package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/json/jsontext"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"unicode/utf8"

	"fettle/internal/table"
)

// block is some whole lines, and what became of them.
type block struct {
	first int // number of the first line
	lines []byte
	out   []byte
	texts []size
	err   error
	done  chan struct{}
}

// size is that of one text.
type size struct{ tokens, runes, bytes int }

// blockBytes is about how many bytes of lines one goroutine takes at a time.
const blockBytes = 256 << 10

// read counts the lines of in on all processors, in order; a few blocks are in memory at a time.
func (c *counting) read(ctx context.Context, in io.Reader) error {
	workers := runtime.GOMAXPROCS(0)
	ctx, stop := context.WithCancel(ctx)
	order, work := make(chan *block, workers), make(chan *block, workers)
	used := make(chan *block, 4*workers)
	defer stop() // nobody waits for a reader that waits for its input
	var failed error
	go func() {
		defer close(order)
		defer close(work)
		failed = blocks(in, used, func(b *block) bool {
			for _, to := range []chan *block{order, work} {
				select {
				case to <- b:
				case <-ctx.Done():
					close(b.done)
					return false
				}
			}
			return true
		})
	}()
	for range workers {
		go func() {
			l := &liner{c: c}
			for b := range work {
				l.block(b)
			}
		}()
	}
	for b := range order {
		if err := c.take(b); err != nil {
			return err
		}
		select {
		case used <- b:
		default:
		}
	}
	return errors.Join(failed, ctx.Err())
}

// take writes and adds up what became of a block.
func (c *counting) take(b *block) error {
	<-b.done
	if _, err := c.out.Write(b.out); err != nil {
		return err
	}
	for _, s := range b.texts {
		c.counts[s.tokens]++
		c.runes += int64(s.runes)
		c.bytes += int64(s.bytes)
	}
	return b.err
}

// blocks cuts what it reads into blocks of whole lines, those of used again where there are some, until each wants no more.
func blocks(in io.Reader, used <-chan *block, each func(*block) bool) error {
	var rest []byte // the beginning of a line
	line := 1
	for {
		b := new(block)
		select {
		case b = <-used:
		default:
		}
		*b = block{first: line, lines: append(b.lines[:0], rest...), out: b.out[:0], texts: b.texts[:0], done: make(chan struct{})}
		from := len(b.lines)
		end := -1
		var err error
		for end < 0 && err == nil {
			if len(b.lines) > table.MaxLine {
				return fmt.Errorf("line %d: %w", line, table.ErrLongLine)
			}
			b.lines = append(b.lines, make([]byte, max(blockBytes, len(b.lines)/2))...)
			var n int
			n, err = io.ReadFull(in, b.lines[from:])
			b.lines = b.lines[:from+n]
			end = bytes.LastIndexByte(b.lines[from:], '\n')
			if end >= 0 {
				end += from + 1
			}
			from += n
		}
		if err != nil {
			end = len(b.lines)
		}
		rest = append(rest[:0], b.lines[end:]...)
		b.lines = b.lines[:end]
		line += bytes.Count(b.lines, []byte{'\n'})
		if !each(b) || err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// liner works on blocks, one at a time.
type liner struct {
	c       *counting
	ids     []int32
	decoder jsontext.Decoder
	in      bytes.Reader
}

// block works on one, up to its first bad line.
func (l *liner) block(b *block) {
	defer close(b.done)
	line := b.first
	for raw := range bytes.Lines(b.lines) {
		if len(bytes.TrimSpace(raw)) > 0 {
			err := table.ErrLongLine
			if len(raw) <= table.MaxLine {
				err = l.line(b, raw)
			}
			if err != nil {
				b.err = fmt.Errorf("line %d: %w", line, err)
				return
			}
		}
		line++
	}
}

func (l *liner) line(b *block, raw []byte) error {
	text, err := l.text(raw)
	if err != nil {
		return err
	}
	l.ids = l.c.t.Append(l.ids[:0], text, l.c.options)
	b.texts = append(b.texts, size{len(l.ids), utf8.RuneCountInString(text), len(text)})
	if !l.c.ids {
		return nil
	}
	b.out = strconv.AppendInt(append(b.out, `{"n":`...), int64(len(l.ids)), 10)
	b.out = append(b.out, `,"ids":[`...)
	for i, id := range l.ids {
		if i > 0 {
			b.out = append(b.out, ',')
		}
		b.out = strconv.AppendInt(b.out, int64(id), 10)
	}
	b.out = append(b.out, "]}\n"...)
	return nil
}

// text is the field of a line. What the quick way stumbles over, json.Unmarshal takes or says what is wrong with.
func (l *liner) text(raw []byte) (string, error) {
	if text, ok := l.quick(raw); ok {
		return text, nil
	}
	var row map[string]json.RawMessage
	if err := object(raw, &row); err != nil {
		return "", err
	}
	var text string
	if err := json.Unmarshal(row[l.c.field], &text); err != nil {
		return "", fmt.Errorf("no text in field %q (-field names another)", l.c.field)
	}
	return text, nil
}

// quick reads a line token by token, without a value for every field.
func (l *liner) quick(raw []byte) (text string, ok bool) {
	l.in.Reset(raw)
	d := &l.decoder
	d.Reset(&l.in)
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return "", false
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return "", false
		}
		if name.String() != l.c.field {
			if d.SkipValue() != nil {
				return "", false
			}
			continue
		}
		value, err := d.ReadToken()
		if err != nil || value.Kind() != '"' {
			return "", false
		}
		text, ok = value.String(), true
	}
	if _, err := d.ReadToken(); err != nil {
		return "", false
	}
	_, err := d.ReadToken()
	return text, ok && err == io.EOF
}
