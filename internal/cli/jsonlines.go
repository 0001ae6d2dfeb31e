package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"

	"fettle/internal/table"
)

// input opens a file of JSON lines, "" = stdin, as UTF-8: a byte order mark is no part of it, UTF-16 with one is read too.
func input(path string) (io.Reader, func() error, error) {
	if path == "" {
		return table.Decoded(os.Stdin), func() error { return nil }, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("-in %s: there is no such file", path)
	case err != nil:
		return nil, nil, fmt.Errorf("-in: %w", err)
	case info.IsDir():
		return nil, nil, fmt.Errorf("-in %s is a folder: want a file of JSON lines", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("-in: %w", err)
	}
	return table.Decoded(f), f.Close, nil
}

// eachLine shows fn every line that is not blank, numbered from 1.
func eachLine(in io.Reader, fn func(line int, raw []byte) error) error {
	r := bufio.NewReaderSize(in, 1<<20)
	for line := 1; ; line++ {
		raw, err := readLine(r)
		if errors.Is(err, table.ErrLongLine) {
			return fmt.Errorf("line %d: %w", line, err)
		}
		if len(bytes.TrimSpace(raw)) > 0 {
			if err := fn(line, raw); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readLine reads a line with its \n, up to table.MaxLine bytes.
func readLine(r *bufio.Reader) (line []byte, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if line = append(line, part...); len(line) > table.MaxLine {
			return nil, table.ErrLongLine
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// object decodes a line that must be a JSON object, and says in words what is wrong with one that is none.
func object(raw []byte, dst any) error {
	raw = bytes.TrimSpace(raw)
	if !utf8.Valid(raw) {
		at := 0
		for at < len(raw) {
			r, n := utf8.DecodeRune(raw[at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
		return fmt.Errorf("byte %d (%#x) is no UTF-8", at+1, raw[at])
	}
	err := json.Unmarshal(raw, dst)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && unfinished(raw):
		return errors.New("the JSON ends in the middle")
	case errors.As(err, &syntax):
		at := min(max(int(syntax.Offset)-1, 0), len(raw)-1)
		r, _ := utf8.DecodeRune(raw[at:])
		return fmt.Errorf("it is no JSON object: byte %d (%q) is out of place", at+1, r)
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("it is %s, want a JSON object", kinds[kind.Value])
	case errors.As(err, &kind):
		return fmt.Errorf("%s is %s, want %s", kind.Field, kinds[kind.Value], kinds[kind.Type.Kind().String()])
	}
	return err
}

// unfinished says whether more could make it JSON.
func unfinished(raw []byte) bool {
	d := json.NewDecoder(bytes.NewReader(raw))
	var v json.RawMessage
	return errors.Is(d.Decode(&v), io.ErrUnexpectedEOF)
}

// kinds are the words for what encoding/json and reflect call values.
var kinds = map[string]string{"array": "a list", "object": "an object", "string": "a text", "number": "a number", "bool": "true or false",
	"slice": "a list", "map": "an object", "struct": "an object", "int32": "a whole number"}
