package clean_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"fettle/stages/clean"
)

// wordless is an operator of this test: it drops what has no letters, and panics when asked to.
type wordless struct{}

func (wordless) Reasons() []string { return []string{"no_words"} }

func (wordless) Apply(d *clean.Document) clean.Verdict {
	if d.Text() == "panic" {
		panic("a bug")
	}
	if strings.Trim(d.Text(), "0123456789") == "" {
		return clean.Drop("no_words")
	}
	return clean.Keep
}

func numbered(n int) (rows []row) {
	for i := range n {
		rows = append(rows, row{fmt.Sprint(i), fmt.Sprint(i)})
		if i%3 == 0 {
			rows[i].Text = "text " + rows[i].Text
		}
	}
	return rows
}

func TestOrderIsKept(t *testing.T) {
	for i, f := range run(t, wordless{}, 8, numbered(5000)) {
		if f.ID != fmt.Sprint(i) || (f.Reason == "") != (i%3 == 0) {
			t.Fatalf("row %d: got %+v", i, f)
		}
	}
}

func TestReaderStopsEarly(t *testing.T) {
	for _, op := range []clean.Operator{wordless{}, &clean.Exact{Normalize: "raw"}, minhash(t, 0.8)} {
		n := 0
		for range clean.Chain(env(t, 4), op, stream(t, numbered(5000))) {
			if n++; n == 300 {
				break
			}
		}
	}
}

func TestErrorsComeThrough(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, op := range []clean.Operator{wordless{}, &clean.Exact{Normalize: "raw"}, minhash(t, 0.8)} {
		in := func(yield func(*clean.Document, error) bool) {
			for d, err := range stream(t, numbered(700)) {
				if !yield(d, err) {
					return
				}
			}
			yield(nil, broken)
		}
		var last error
		for _, err := range clean.Chain(env(t, 3), op, in) {
			last = err
		}
		if !errors.Is(last, broken) {
			t.Errorf("%T: the stream ended with %v", op, last)
		}
	}
}

func TestBugsSurfaceInTheReader(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the panic of a worker was lost")
		}
	}()
	run(t, wordless{}, 4, append(numbered(600), row{"x", "panic"}))
}
