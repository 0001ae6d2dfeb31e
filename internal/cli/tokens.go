package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/bits"
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
	if code, done := a.parseFlags(fs, args); done {
		return code
	}
	if *name == "" {
		return a.misuse(fs, "-tokenizer is missing")
	}
	t, err := tokenizer.Load(*name)
	if err != nil {
		return a.fail("tokens", err)
	}
	lines, closing, err := input(*in)
	if err != nil {
		return a.fail("tokens", err)
	}
	defer closing()
	options := tokenizer.Options{AddSpecial: *special, PlainSpecial: *plain}
	c := &counting{t: t, options: options, field: *field, ids: *ids, out: a.Stdout, counts: map[int]int64{}}
	if err := c.read(ctx, lines); err != nil {
		return a.fail("tokens", err)
	}
	if !*ids {
		c.summary(a.Stdout)
	}
	return 0
}

// counting is what all lines come to.
type counting struct {
	t       *tokenizer.Tokenizer
	options tokenizer.Options
	field   string
	ids     bool
	out     io.Writer
	counts  map[int]int64 // texts by their number of tokens
	runes   int64
	bytes   int64
}

func (c *counting) summary(w io.Writer) {
	sizes := slices.Sorted(maps.Keys(c.counts))
	texts, total := int64(0), int64(0)
	for _, n := range sizes {
		texts += c.counts[n]
		total += int64(n) * c.counts[n]
	}
	fmt.Fprintf(w, "texts   %s\ntokens  %s\n", progress.Count(texts), progress.Count(total))
	if total == 0 {
		return
	}
	fmt.Fprintf(w, "bytes   %s (%.2f a token)\nrunes   %s (%.2f a token)\n", progress.Count(c.bytes), float64(c.bytes)/float64(total), progress.Count(c.runes), float64(c.runes)/float64(total))
	at := func(p int64) int {
		left := min(texts-1, texts*p/100)
		for _, n := range sizes {
			if left -= c.counts[n]; left < 0 {
				return n
			}
		}
		return 0
	}
	fmt.Fprintf(w, "tokens of a text: least %d, p50 %d, p90 %d, p99 %d, most %d\n", sizes[0], at(50), at(90), at(99), sizes[len(sizes)-1])
	c.histogram(w)
}

// histogram has a row for each power of two.
func (c *counting) histogram(w io.Writer) {
	var bins []int64
	for n, texts := range c.counts {
		b := bits.Len(uint(n))
		for len(bins) <= b {
			bins = append(bins, 0)
		}
		bins[b] += texts
	}
	for b, n := range bins {
		if n > 0 {
			fmt.Fprintf(w, "%9s %8s %s\n", fmt.Sprintf("< %d", 1<<b), progress.Count(n), strings.Repeat("█", int(1+49*n/slices.Max(bins))))
		}
	}
}
