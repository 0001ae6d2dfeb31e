package inspect

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// width of a line, the label's column included.
const width, column = 118, 12

// Print writes the report for people.
func (r *Report) Print(w io.Writer) {
	line := func(label, format string, args ...any) {
		text := wrap(fmt.Sprintf(format, args...), width-column)
		fmt.Fprintf(w, "%-*s%s\n", column, label, strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", column)))
	}
	list := func(label string, lines []string) {
		for _, text := range lines {
			line(label, "%s", text)
			label = ""
		}
	}
	line("model", "%s", r.Name)
	line("family", "%s", r.Family)
	if len(r.Problems) > 0 {
		list("problem", append([]string{"fettle cannot run it:"}, r.Problems...))
	}
	if r.Parameters > 0 {
		active := ""
		if r.Active > 0 {
			active = fmt.Sprintf(" (%s for each token)", count(r.Active))
		}
		line("size", "%s parameters%s · %d layers of %d · vocabulary %d · context %d", count(r.Parameters), active, r.Layers, r.Hidden, r.Vocab, r.Context)
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
	if len(r.EndOfTurn) > 0 {
		line("end of turn", "%s", strings.Join(r.EndOfTurn, " · "))
	}
	list("odd", r.Oddities)
	line("kind", "%s", strings.Join(r.Advice.Why, "; "))
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
		what := "weights"
		if r.Parameters == 0 { // packed ones count as they lie in the file
			what = "values"
		}
		parts = append(parts, fmt.Sprintf("%s %s as %s", count(r.Stored[name]), what, name))
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
	case n >= 1e4:
		return fmt.Sprintf("%.1fK", float64(n)/1e3)
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
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
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
