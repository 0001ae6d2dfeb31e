package report

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"fettle/stages/eval/verdict"
)

// Width is how many columns of a terminal a text takes: two for a wide East Asian character, none for a combining mark.
func Width(s string) int {
	n := 0
	for _, r := range s {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// align sets rows in columns; the last column is not padded.
func align(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-Width(cell)+2))
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// Terminal is the summary for a terminal: a line for each comparison, then who answers what. zh sets it in Chinese.
func Terminal(p Page, zh bool) string {
	in := func(t verdict.Text) string {
		if zh {
			return t.ZH
		}
		return t.EN
	}
	say := func(en, zh string) string { return in(verdict.Text{EN: en, ZH: zh}) }
	var rows [][]string
	var untested []string
	for _, v := range p.Verdicts {
		if v.Outcome == verdict.NotTested {
			untested = append(untested, v.Claim)
			continue
		}
		first, outcome := v.Claim, mark(v.Outcome)+" "+in(outcomeText(v.Outcome))
		for _, f := range v.Findings {
			value, low, high := effect(f)
			figures := say("no such questions", "无此类题目")
			n := ""
			if f.N > 0 {
				figures = fmt.Sprintf("%s %s : %s %s", in(verdict.SystemText(f.A)), mean(f, f.MeanA), mean(f, f.MeanB), in(verdict.SystemText(f.B)))
				n = fmt.Sprintf("n %d", f.N)
			}
			row := []string{first, outcome, figures, "", n}
			if f.N > 0 {
				row[3] = fmt.Sprintf("%s [%s, %s]", value, low, high)
			}
			rows, first, outcome = append(rows, row), "", ""
		}
	}
	var b strings.Builder
	b.WriteString(align(rows))
	if len(untested) > 0 {
		fmt.Fprintf(&b, "%s: %s\n", say("not tested here", "本次未检验"), strings.Join(untested, ", "))
	}
	b.WriteString("\n" + align(heatRows(p, in)))
	b.WriteString(warnings(p, say))
	return b.String()
}

// mark tells outcomes apart without colour.
func mark(o verdict.Outcome) string {
	switch o {
	case verdict.Supported:
		return "✓"
	case verdict.Refuted:
		return "✗"
	}
	return "?"
}

func heatRows(p Page, in func(verdict.Text) string) [][]string {
	head := []string{"", "n"}
	for _, s := range p.Heat.Systems {
		head = append(head, in(verdict.SystemText(s)))
	}
	rows := [][]string{head}
	for _, r := range p.Heat.Rows {
		row := []string{r.Name, fmt.Sprint(r.N)}
		for _, c := range r.Cells {
			if c.N == 0 {
				row = append(row, "–")
				continue
			}
			row = append(row, percent(c.Mean))
		}
		rows = append(rows, row)
	}
	return rows
}

func warnings(p Page, say func(en, zh string) string) string {
	v := view{p}
	var out string
	switch n := len(v.Seeds); {
	case n == 1:
		out += say("one training run: another seed could give other numbers", "只训练了一次：换随机种子数字可能不同") + "\n"
	case v.FewSeeds():
		out += say("fewer than three training runs: too few to show how much the numbers vary", "训练少于三次：不足以看出数字的波动") + "\n"
	}
	if v.Weak() {
		out += fmt.Sprintf(say("some comparisons have fewer than 200 questions; a difference of 5 points needs about %s",
			"部分比较不足 200 题；看出 5 个百分点的差异约需 %s 题")+"\n", about(v.Needed()))
	}
	return out
}
