package inspect

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Print writes the report for people.
func (r *Report) Print(w io.Writer) {
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-11s %s\n", label, fmt.Sprintf(format, args...))
	}
	line("model", "%s", r.Name)
	line("family", "%s", r.Family)
	if r.Problem != "" {
		line("problem", "fettle cannot run it: %s", r.Problem)
	} else {
		line("size", "%s parameters · %d layers of %d · vocabulary %d · context %d", count(r.Parameters), r.Layers, r.Hidden, r.Vocab, r.Context)
		r.printMemory(w)
	}
	if len(r.Stored) > 0 {
		line("stored", "%s", r.stored())
	}
	line("template", "%s", r.Template)
	var eos []string
	for _, t := range r.EOS {
		eos = append(eos, strings.TrimSpace(fmt.Sprintf("%d %s", t.ID, t.Text)))
	}
	line("end tokens", "%s", orNone(eos))
	line("end of turn", "%s", orNone(r.EndOfTurn))
	for i, odd := range r.Oddities {
		label := ""
		if i == 0 {
			label = "odd"
		}
		line(label, "%s", odd)
	}
	line("kind", "%s (%s)", strings.Join(r.Advice.Kinds, ", "), strings.Join(r.Advice.Why, "; "))
	line("to tune", "%s", r.Advice.Suited)
	fmt.Fprintf(w, "\n%s\n", wrap(r.Advice.Text, 100))
}

func (r *Report) printMemory(w io.Writer) {
	fmt.Fprintf(w, "%-11s batch %d · %d positions · adapters of rank %d on all projections (%s weights):\n", "memory", r.Rows, r.Positions, r.Rank, count(r.Adapter))
	fmt.Fprintf(w, "  %-30s %10s %10s %10s %12s %10s\n", "", "weights", "trained", "cache", "activations", "total")
	for _, m := range r.Memory {
		fmt.Fprintf(w, "  %-30s %10s %10s %10s %12s %10s\n", m.Use, size(m.Weights), size(m.Trained), size(m.Cache), size(m.Activations), size(m.Total))
	}
}

func (r *Report) stored() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(r.Stored)) {
		parts = append(parts, fmt.Sprintf("%s weights as %s", count(r.Stored[name]), name))
	}
	return strings.Join(parts, ", ")
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " · ")
}

// count shortens a number: 2.6M, 7.24B.
func count(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2fB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	}
	return fmt.Sprint(n)
}

// size writes bytes in binary units.
func size(n int64) string {
	switch {
	case n == 0:
		return "-"
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// wrap breaks a paragraph at spaces.
func wrap(text string, width int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return strings.Join(append(lines, line), "\n")
}
