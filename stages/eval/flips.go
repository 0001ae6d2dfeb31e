package eval

import (
	"slices"

	"fettle/schemas"
	"fettle/stages/eval/report"
	"fettle/stages/eval/verdict"
)

// examples is how many flips of each kind the report shows.
const examples = 5

// flips compares the first sittings of two systems, question by question.
func (r *results) flips(a, b string) report.Flips {
	f := report.Flips{A: a, B: b}
	ka, kb := r.first(a), r.first(b)
	if ka < 0 || kb < 0 {
		return f
	}
	for i, q := range r.questions {
		rightA, rightB := r.right(ka, i), r.right(kb, i)
		if !notSeen(q) {
			continue
		}
		shown := f.OnlyB
		switch {
		case rightA && rightB:
			f.Both++
		case rightA:
			shown = f.OnlyA
			f.OnlyA++
		case rightB:
			f.OnlyB++
		default:
			f.Neither++
		}
		if rightA != rightB && shown < examples {
			f.Examples = append(f.Examples, report.Flip{Question: clip(q.Question), Right: clip(first(q.Answers)), Stratum: stratumOf(q),
				AnswerA: clip(r.predictions[ka][i].Answer), AnswerB: clip(r.predictions[kb][i].Answer), RightA: rightA})
		}
	}
	slices.SortStableFunc(f.Examples, func(x, y report.Flip) int {
		switch {
		case x.RightA == y.RightA:
			return 0
		case x.RightA:
			return -1
		}
		return 1
	})
	return f
}

// clip shortens a text for the table of examples.
func clip(s string) string {
	const longest = 160
	if runes := []rune(s); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return s
}

func (r *results) first(system string) int {
	return slices.IndexFunc(r.sittings, func(s sitting) bool { return s.system == system })
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func stratumOf(q schemas.Question) string {
	for _, s := range verdict.Strata {
		if s.Has(q) {
			return s.Name
		}
	}
	return ""
}
