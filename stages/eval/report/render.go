package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"fettle/stages/eval/verdict"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed sections.html
	sectionsHTML string
	//go:embed style.css
	styleCSS string
)

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"both": both, "text": text, "percent": percent, "about": about, "span": span, "seconds": seconds, "pvalue": pvalue, "times": times,
	"mean": mean, "outcome": func(o verdict.Outcome) template.HTML { return text(outcomeText(o)) },
	"kind":   func(o verdict.Outcome) string { return strings.ReplaceAll(string(o), " ", "-") },
	"system": func(s string) template.HTML { return text(verdict.SystemText(s)) },
	"style":  func() template.CSS { return template.CSS(styleCSS) },
	"list":   list, "effect": effectHTML,
}).Parse(pageHTML + sectionsHTML))

// Render writes the page.
func Render(w io.Writer, p Page) error {
	return page.Execute(w, view{Page: p})
}

// view adds what the template asks of a page: sums in words, and the plots.
type view struct{ Page }

// Tested lists the verdicts of the claims that were tested, the others follow in Untested.
func (v view) Tested() []verdict.Verdict   { return v.pick(true) }
func (v view) Untested() []verdict.Verdict { return v.pick(false) }

func (v view) pick(tested bool) []verdict.Verdict {
	var out []verdict.Verdict
	for _, x := range v.Verdicts {
		if (x.Outcome != verdict.NotTested) == tested {
			out = append(out, x)
		}
	}
	return out
}

// Summary counts the outcomes in a sentence.
func (v view) Summary() template.HTML {
	count := map[verdict.Outcome]int{}
	for _, x := range v.Verdicts {
		count[x.Outcome]++
	}
	var en, zh []string
	for _, o := range []verdict.Outcome{verdict.Supported, verdict.Refuted, verdict.Inconclusive} {
		if count[o] > 0 {
			en = append(en, fmt.Sprintf("%d %s", count[o], o))
			zh = append(zh, fmt.Sprintf("%d 项%s", count[o], outcomeText(o).ZH))
		}
	}
	if en == nil {
		return both("No claim could be tested.", "没有可检验的论断。")
	}
	return both("Of the claims made for tuning against retrieval: "+strings.Join(en, ", ")+".",
		"关于“微调对比检索”的论断："+strings.Join(zh, "，")+"。")
}

// Weak reports whether some comparison had fewer than 200 questions.
func (v view) Weak() bool {
	for _, x := range v.Verdicts {
		if x.Weak {
			return true
		}
	}
	return false
}

// Needed is the largest number of questions that a comparison would have needed.
func (v view) Needed() int {
	n := 0
	for _, x := range v.Verdicts {
		for _, f := range x.Findings {
			if !f.Time {
				n = max(n, f.Needed)
			}
		}
	}
	return n
}

// FewSeeds reports whether the tuned model was trained too few times to show how much what training gives varies.
func (v view) FewSeeds() bool { return len(v.Seeds) > 0 && len(v.Seeds) < 3 }

func list(seeds []int64) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(seeds), " ", ", "), "[]")
}

// effectHTML sets "+13 points (+5 to +21)", the interval lighter.
func effectHTML(f verdict.Finding) template.HTML {
	value, low, high := effect(f)
	en, zh := value+" points", value+" 个百分点"
	if f.Time {
		en, zh = value+" as fast", "速度 "+value
	}
	return both(en, zh) + template.HTML(` <i>`) + both(fmt.Sprintf("%s to %s", low, high), fmt.Sprintf("%s 至 %s", low, high)) + template.HTML(`</i>`)
}
