package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// maxHeader is the limit of the reference implementation: a longer header is a damaged file.
const maxHeader = 100_000_000

// Info says what a stored tensor is.
type Info struct {
	Name  string
	DType DType
	Shape []int
}

// Len is the number of elements.
func (i Info) Len() int {
	n := 1
	for _, d := range i.Shape {
		n *= d
	}
	return n
}

type entry struct {
	Info
	begin, end int64 // within the data, which follows the header
}

type rawEntry struct {
	DType   DType   `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// parseHeader reads the JSON of a header and checks that its tensors fill exactly the size bytes that follow it.
func parseHeader(header []byte, size int64) ([]entry, map[string]string, error) {
	var entries []entry
	var meta map[string]string
	seen := map[string]bool{}
	dec := json.NewDecoder(bytes.NewReader(header))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, errors.New("header is not a JSON object")
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("header: %w", err)
		}
		name := t.(string) // a key, as the decoder is inside an object
		if seen[name] {
			return nil, nil, fmt.Errorf("tensor %q is in the header twice", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			if err := dec.Decode(&meta); err != nil {
				return nil, nil, fmt.Errorf("header metadata: %w", err)
			}
			continue
		}
		var raw rawEntry
		if err := dec.Decode(&raw); err != nil {
			return nil, nil, fmt.Errorf("header of tensor %q: %w", name, err)
		}
		e, err := raw.check(name)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, e)
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	return entries, meta, checkLayout(entries, size)
}

func (r rawEntry) check(name string) (entry, error) {
	e := entry{Info: Info{Name: name, DType: r.DType, Shape: r.Shape}}
	if r.DType.Size() == 0 {
		return e, fmt.Errorf("tensor %q: unknown dtype %q", name, r.DType)
	}
	if len(r.Offsets) != 2 {
		return e, fmt.Errorf("tensor %q: want two data_offsets, got %d", name, len(r.Offsets))
	}
	e.begin, e.end = r.Offsets[0], r.Offsets[1]
	want := int64(r.DType.Size())
	for _, d := range r.Shape {
		if d < 0 || (d > 0 && want > math.MaxInt64/int64(d)) {
			return e, fmt.Errorf("tensor %q: impossible shape %v", name, r.Shape)
		}
		want *= int64(d)
	}
	if e.begin < 0 || e.end < e.begin || e.end-e.begin != want {
		return e, fmt.Errorf("tensor %q: %s%v needs %d bytes, its range is [%d, %d)", name, r.DType, r.Shape, want, e.begin, e.end)
	}
	return e, nil
}

// checkLayout orders the entries by place and refuses gaps, overlaps and missing bytes.
func checkLayout(entries []entry, size int64) error {
	slices.SortFunc(entries, func(a, b entry) int {
		if a.begin != b.begin {
			return int(min(1, max(-1, a.begin-b.begin)))
		}
		return int(min(1, max(-1, a.end-b.end)))
	})
	var at int64
	for _, e := range entries {
		if e.begin != at {
			return fmt.Errorf("tensor %q: data begins at %d, want %d (a gap or an overlap)", e.Name, e.begin, at)
		}
		at = e.end
	}
	if at != size {
		return fmt.Errorf("tensors fill %d bytes, the file holds %d", at, size)
	}
	return nil
}
