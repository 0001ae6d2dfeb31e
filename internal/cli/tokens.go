package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"fettle/internal/progress"
	"fettle/internal/tokenizer"
)

func (a *App) tokens(ctx context.Context, args []string) int {
	if len(args) > 0 && args[0] == "train" {
		return a.tokensTrain(ctx, args[1:])
	}
	fs := a.flags("tokens", `-tokenizer DIR|tokenizer.json [-in FILE] [-field text] [-ids]
       fettle tokens train -in TABLE ...

Counts tokens as the model's own tokenizer does. In: JSON lines {"text": ...} (stdin without -in). Out: totals, percentiles
and a histogram; with -ids one line {"n", "ids"} for each line read, in order.`)
	name := fs.String("tokenizer", "", "model directory or tokenizer.json")
	in := fs.String("in", "", "file of JSON lines (default: stdin)")
	field := fs.String("field", "text", "field that holds the text")
	ids := fs.Bool("ids", false, "print the ids of every line")
	special := fs.Bool("special", false, "add the special tokens that the tokenizer puts around a text")
	plain := fs.Bool("plain", false, "special tokens that stand in the text are text")
	if _, code, done := parse(fs, args); done {
		return code
	}
	if *name == "" {
		return a.misuse(fs, "-tokenizer is missing")
	}
	t, err := tokenizer.Load(*name)
	if err != nil {
		return a.fail("tokens", err)
	}
	input := io.Reader(os.Stdin)
	if *in != "" {
		f, err := os.Open(*in)
		if err != nil {
			return a.fail("tokens", err)
		}
		defer f.Close()
		input = f
	}
	c := &counting{t: t, options: tokenizer.Options{AddSpecial: *special, PlainSpecial: *plain}, field: *field, ids: *ids, out: bufio.NewWriter(a.Stdout)}
	if err := errors.Join(c.read(input), c.out.Flush()); err != nil {
		return a.fail("tokens", err)
	}
	if !*ids {
		c.summary(a.Stdout)
	}
	return 0
}

type counting struct {
	t       *tokenizer.Tokenizer
	options tokenizer.Options
	field   string
	ids     bool
	out     *bufio.Writer
	counts  []int
	runes   int64
	bytes   int64
}

func (c *counting) read(in io.Reader) error {
	r := bufio.NewReaderSize(in, 1<<20)
	for line := 1; ; line++ {
		raw, err := r.ReadBytes('\n')
		if len(strings.TrimSpace(string(raw))) > 0 {
			if err := c.line(raw); err != nil {
				return fmt.Errorf("line %d: %w", line, err)
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

func (c *counting) line(raw []byte) error {
	var row map[string]json.RawMessage
	if err := json.Unmarshal(raw, &row); err != nil {
		return err
	}
	var text string
	if err := json.Unmarshal(row[c.field], &text); err != nil {
		return fmt.Errorf("no text in field %q", c.field)
	}
	ids := c.t.Encode(text, c.options)
	c.counts = append(c.counts, len(ids))
	c.bytes += int64(len(text))
	c.runes += int64(len([]rune(text)))
	if !c.ids {
		return nil
	}
	if ids == nil {
		ids = []int32{}
	}
	out, err := json.Marshal(struct {
		N   int     `json:"n"`
		IDs []int32 `json:"ids"`
	}{len(ids), ids})
	if err != nil {
		return err
	}
	_, err = c.out.Write(append(out, '\n'))
	return err
}

func (c *counting) summary(w io.Writer) {
	slices.Sort(c.counts)
	total := int64(0)
	for _, n := range c.counts {
		total += int64(n)
	}
	fmt.Fprintf(w, "texts   %s\ntokens  %s\n", progress.Count(int64(len(c.counts))), progress.Count(total))
	if total == 0 {
		return
	}
	fmt.Fprintf(w, "bytes   %s (%.2f a token)\nrunes   %s (%.2f a token)\n", progress.Count(c.bytes), float64(c.bytes)/float64(total), progress.Count(c.runes), float64(c.runes)/float64(total))
	at := func(p int) int { return c.counts[min(len(c.counts)-1, len(c.counts)*p/100)] }
	fmt.Fprintf(w, "tokens of a text: least %d, p50 %d, p90 %d, p99 %d, most %d\n", c.counts[0], at(50), at(90), at(99), c.counts[len(c.counts)-1])
	c.histogram(w)
}

// histogram has a row for each power of two.
func (c *counting) histogram(w io.Writer) {
	var bins []int
	for _, n := range c.counts {
		b := 0
		for 1<<b <= n {
			b++
		}
		for len(bins) <= b {
			bins = append(bins, 0)
		}
		bins[b]++
	}
	for b, n := range bins {
		if n > 0 {
			fmt.Fprintf(w, "%9s %8s %s\n", fmt.Sprintf("< %d", 1<<b), progress.Count(int64(n)), strings.Repeat("█", 1+49*n/slices.Max(bins)))
		}
	}
}
