package rundiff

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Printer writes a Diff for people.
type Printer struct {
	Out    io.Writer
	Colour bool // lower losses green, higher ones red
	Steps  int  // rows of the table of steps
}

// Print writes all of it.
func (p Printer) Print(d *Diff) {
	p.settings(d)
	for _, s := range d.Seeds {
		p.seed(s)
	}
	p.sources(d)
	p.rows(d)
}

func (p Printer) line(format string, args ...any) { fmt.Fprintf(p.Out, format+"\n", args...) }

func (p Printer) settings(d *Diff) {
	p.line("A  %s\nB  %s\n", d.A, d.B)
	p.line("what was made otherwise")
	var same []string
	for _, s := range d.Stages {
		if s.Equal && len(s.Changes) == 0 {
			same = append(same, s.Stage)
			continue
		}
		notes := s.Changes
		switch {
		case s.Equal:
			notes = append(slices.Clone(notes), "yet the output is the same")
		case len(notes) == 0:
			notes = []string{"nothing, yet the output differs: another machine or program"}
		}
		for i, n := range notes {
			name := s.Stage
			if i > 0 {
				name = ""
			}
			p.line("  %-7s %s", name, n)
		}
	}
	if len(same) > 0 {
		p.line("  %s: the same", strings.Join(same, ", "))
	}
	if d.SameWeights {
		p.line("\nThe trained weights are the same to the byte.")
	}
}

func (p Printer) seed(s Seed) {
	name := fmt.Sprintf("seed %d", s.A)
	if s.A != s.B {
		name = fmt.Sprintf("seed %d against %d", s.A, s.B)
	}
	p.line("\nloss, %s, %d steps in both", name, len(s.Steps))
	if len(s.Steps) == 0 {
		return
	}
	p.curves(s)
	p.parting(s)
	p.line("\n  %6s  %9s  %9s  %9s", "step", "A", "B", "B - A")
	for _, i := range p.chosen(s) {
		x := s.Steps[i]
		p.line("  %6d  %9.4f  %9.4f  %s%s", x.Step, x.A, x.B, p.signed(x.B-x.A, 9), held(x))
	}
}

// curves draws both losses on one scale.
func (p Printer) curves(s Seed) {
	var a, b []float64
	for _, x := range s.Steps {
		a, b = append(a, x.A), append(b, x.B)
	}
	low, high := min(slices.Min(a), slices.Min(b)), max(slices.Max(a), slices.Max(b))
	for i, values := range [][]float64{a, b} {
		p.line("  %c  %s  %.4f to %.4f", 'A'+i, spark(values, low, high), values[0], values[len(values)-1])
	}
}

// parting says where the losses part, and what one has beyond the other.
func (p Printer) parting(s Seed) {
	switch {
	case s.Parted == 0:
		p.line("  the same to the bit in every step")
	case s.Parted == s.Steps[0].Step:
		p.line("  they differ from the first step on")
	default:
		p.line("  the same to the bit up to step %d, apart from step %d on", s.Parted-1, s.Parted)
	}
	if s.Parted > 0 {
		if s.Visible == 0 {
			p.line("  nowhere by more than a thousandth")
		} else {
			p.line("  by more than a thousandth from step %d on", s.Visible)
		}
	}
	for _, rest := range []struct {
		name string
		n    int
	}{{"A", s.OnlyA}, {"B", s.OnlyB}} {
		if rest.n > 0 {
			p.line("  %s has %d more", rest.name, rest.n)
		}
	}
}

func held(s Step) string {
	show := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return fmt.Sprintf("%.4f", *v)
	}
	if s.EvalA == nil && s.EvalB == nil {
		return ""
	}
	return fmt.Sprintf("   held out %s, %s", show(s.EvalA), show(s.EvalB))
}

// chosen are the steps that the table shows: evenly spread, with the first, the last, and the one where they part.
func (p Printer) chosen(s Seed) []int {
	n, want := len(s.Steps), max(p.Steps, 2)
	var at []int
	for i := range min(n, want) {
		at = append(at, i*(n-1)/max(1, min(n, want)-1))
	}
	if i := slices.IndexFunc(s.Steps, func(x Step) bool { return x.Step == s.Parted }); i >= 0 {
		at = append(at, i)
	}
	slices.Sort(at)
	return slices.Compact(at)
}

func (p Printer) sources(d *Diff) {
	if len(d.Sources) == 0 {
		return
	}
	p.line("\nby source, last epoch\n  %9s  %9s  %9s  %8s  source", "A", "B", "B - A", "tokens")
	for _, s := range d.Sources {
		switch {
		case s.TokensB == 0:
			p.line("  %9.4f  %9s  %9s  %8d  %s", s.A, "-", "", s.TokensA, s.Source)
		case s.TokensA == 0:
			p.line("  %9s  %9.4f  %9s  %8d  %s", "-", s.B, "", s.TokensB, s.Source)
		default:
			p.line("  %9.4f  %9.4f  %s  %8d  %s", s.A, s.B, p.signed(s.B-s.A, 9), s.TokensA, s.Source)
		}
	}
}

func (p Printer) rows(d *Diff) {
	p.line("\n%d conversations in both: %d cost less in B, %d more; A %.4f, B %.4f", d.Shared, d.LessInB, d.MoreInB, d.MeanA, d.MeanB)
	if d.OnlyA+d.OnlyB > 0 {
		p.line("%d only in A, %d only in B", d.OnlyA, d.OnlyB)
	}
	if len(d.Rows) == 0 || d.Rows[0].A == d.Rows[0].B {
		return
	}
	p.line("those that differ most\n  %9s  %9s  %9s  %6s  row", "A", "B", "B - A", "tokens")
	for _, r := range d.Rows {
		p.line("  %9.4f  %9.4f  %s  %6d  %s  %s %s:%d  %s", r.A, r.B, p.signed(r.B-r.A, 9), r.Tokens, r.ID, r.Source, r.File, r.Row, short(r.Answer, 48))
	}
	p.line("Where one came from: fettle lineage REF ID")
}

// short is a text on one line, at most n runes of it.
func short(text string, n int) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}

// signed is a difference with its sign, in colour where there is any to show.
func (p Printer) signed(v float64, width int) string {
	text := fmt.Sprintf("%+*.4f", width, v)
	switch {
	case v == 0:
		text = fmt.Sprintf("%*s", width, "=")
	case math.Abs(v) < 1e-4:
		text = fmt.Sprintf("%+*.0e", width, v)
	}
	switch {
	case !p.Colour || v == 0:
		return text
	case v < 0:
		return "\x1b[32m" + text + "\x1b[0m"
	}
	return "\x1b[31m" + text + "\x1b[0m"
}

const sparkWidth = 48

// spark draws values between low and high, averaged into at most sparkWidth columns.
func spark(values []float64, low, high float64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	n := min(len(values), sparkWidth)
	var out []rune
	for i := range n {
		part := values[i*len(values)/n : (i+1)*len(values)/n]
		sum := 0.0
		for _, v := range part {
			sum += v / float64(len(part))
		}
		level := 0
		if high > low {
			level = int(math.Round((sum - low) / (high - low) * float64(len(bars)-1)))
		}
		out = append(out, bars[level])
	}
	return string(out)
}
