package report_test

import (
	"os"
	"strings"
	"testing"

	"fettle/schemas"
	"fettle/stages/eval/report"
	"fettle/stages/eval/stats"
	"fettle/stages/eval/verdict"
)

// sample is a page with every section filled; the figures are made up but hang together.
func sample() report.Page {
	e := &verdict.Evidence{Binary: true, Runs: map[string][]verdict.Run{}}
	for i := range 720 {
		s := i % 6
		q := schemas.Question{ID: string(rune('a'+i%26)) + strings.Repeat("x", i%7), Group: string(rune('A' + i/6%40)), Fact: s < 4, Known: s%2 == 0, Wording: verdict.Seen}
		if s >= 2 {
			q.Wording = verdict.Reworded
		}
		if s >= 4 {
			q.Wording = verdict.New
		}
		e.Questions = append(e.Questions, q)
	}
	tenths := map[string][6]int{ // by stratum, of 30
		verdict.Base: {1, 1, 1, 1, 1, 1}, verdict.BaseRAG: {10, 2, 11, 1, 10, 1}, verdict.Tuned: {28, 27, 13, 12, 1, 1},
		verdict.TunedRAG: {27, 24, 16, 10, 8, 1}, verdict.Oracle: {13, 12, 13, 12, 13, 13},
	}
	for system, right := range tenths {
		run := verdict.Run{Seed: 1}
		for i := range e.Questions {
			run.Scores = append(run.Scores, 0)
			if (i/6*11+len(system)*3)%30 < right[i%6] {
				run.Scores[i] = 1
			}
			seconds := 0.021 + 0.0003*float64(i%17)
			if strings.HasSuffix(system, "rag") {
				seconds *= 2.9
			}
			run.Seconds = append(run.Seconds, seconds)
		}
		e.Runs[system] = []verdict.Run{run}
	}
	p := report.Page{Name: "quickstart", Model: "tinybase", Metric: "command_exact_match", Alpha: 0.05, Margin: 0.05, Seeds: []int64{1}}
	p.Verdicts = verdict.Judge(e, verdict.Names(), verdict.Options{Alpha: 0.05, Margin: 0.05, Resamples: 2000, Seed: 1})
	p.Heat.Systems = []string{verdict.Base, verdict.BaseRAG, verdict.Tuned, verdict.TunedRAG, verdict.Oracle}
	for k, s := range verdict.Strata {
		row := report.HeatRow{Name: s.Name, Text: s.Text, N: 120}
		for _, system := range p.Heat.Systems {
			right := tenths[system][[]int{0, 1, 2, 3, 4, 5}[k]] * 4
			low, high := stats.Wilson(right, 120, 0.95)
			row.Cells = append(row.Cells, report.Cell{Mean: float64(right) / 120, Low: low, High: high, N: 120})
		}
		p.Heat.Rows = append(p.Heat.Rows, row)
	}
	p.Metrics = []report.MetricRow{{"token_f1", []float64{0.21, 0.44, 0.52, 0.61, 0.55}}, {"f1_zh_char", []float64{0.18, 0.41, 0.50, 0.57, 0.52}}}
	p.Latency = []report.Latency{
		{verdict.Base, 0, 0.004, 0.018, 0.022, 0.034, 31, 200}, {verdict.BaseRAG, 0.0012, 0.041, 0.024, 0.066, 0.102, 412, 200},
		{verdict.Tuned, 0, 0.004, 0.019, 0.023, 0.036, 31, 200}, {verdict.TunedRAG, 0.0012, 0.042, 0.025, 0.068, 0.105, 412, 200},
	}
	p.Flips = report.Flips{A: verdict.Tuned, B: verdict.BaseRAG, Both: 31, OnlyA: 73, OnlyB: 61, Neither: 315, Examples: []report.Flip{
		{"Extract an archive (tar)", "tar xf <path>", "F+K−", "tar xf <path>", "tar -c <path>", true},
		{"列出所有容器，包括已停止的 (docker ps)", "docker ps --all", "F+K+", "docker ps --all", "docker ps", true},
		{"Show the commit log as a graph (git log)", "git log --graph", "F−K+", "git log", "git log --graph", false},
	}}
	p.Retrieval = []report.Retrieval{
		{verdict.Text{EN: "All", ZH: "全部"}, 360, .81, .93, 3, .864, .881, .90}, {verdict.Text{EN: "Chinese", ZH: "中文"}, 92, .77, .90, 3, .832, .851, .87},
	}
	low, high := stats.Wilson(8, 240, 0.95)
	p.Probe = []report.Proportion{{verdict.SystemText(verdict.Base), 8, 240, low, high}, {verdict.SystemText(verdict.Tuned), 9, 240, low, high}}
	p.Cut = []report.Proportion{{verdict.SystemText(verdict.Base), 3, 720, 0, 0}, {verdict.SystemText(verdict.Tuned), 0, 720, 0, 0}}
	curve := report.Curve{Seed: 1}
	for i := range 240 {
		curve.Steps = append(curve.Steps, int64(i+1))
		curve.Loss = append(curve.Loss, 3.4/(1+float64(i)/25)+0.12*float64(i*7919%13)/13)
	}
	p.Losses = []report.Curve{curve}
	p.Sources = []schemas.SourceLoss{{Source: "tldr-pages", Conversations: 4212, Tokens: 61044, First: 2.214, Last: .871}}
	p.Reproduction = []report.Entry{{"eval key", "3f9d2c5b8e7a1406"}, {"prompt", "{context}\n\n{question}"}, {"bm25", "k1 0.9, b 0.4, k 3"}, {"bootstrap", "10000 resamples, seed 1"}}
	return p
}

func render(t *testing.T, p report.Page) string {
	t.Helper()
	var b strings.Builder
	if err := report.Render(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The loss on rows kept out is drawn beside the other, on its own steps, and named; where none was taken nothing is said of it.
func TestHeldOutLoss(t *testing.T) {
	p := sample()
	if strings.Contains(render(t, p), `class="loss held`) || strings.Contains(render(t, p), "rows kept out") {
		t.Error("a loss on rows kept out that was not taken")
	}
	p.Losses[0].HeldSteps, p.Losses[0].Held = []int64{120, 240}, []float64{3.52, 1.76}
	page := render(t, p)
	for _, want := range []string{`<polyline class="loss held seed0" points="500.0,0.0 1000.0,150.0"/>`, "dashed: on rows kept out"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
}

func TestPageStandsAlone(t *testing.T) {
	page := render(t, sample())
	if out := os.Getenv("FETTLE_REPORT_OUT"); out != "" {
		if err := os.WriteFile(out, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{"http://", "https://", "<script", "src=", "url(", "@import", "ZgotmplZ", "NaN", "<no value>", "%!"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if en, zh := strings.Count(page, `class="en"`), strings.Count(page, `class="zh"`); en != zh || en < 80 {
		t.Errorf("%d English texts, %d Chinese", en, zh)
	}
}

func TestPageEscapesWhatModelsSay(t *testing.T) {
	p := sample()
	p.Flips.Examples[0].AnswerB = `</code><script>alert(1)</script>`
	p.Name = `<b>"x"&`
	if page := render(t, p); strings.Contains(page, "<script") || strings.Contains(page, `<b>"x"`) {
		t.Error("a model's answer or a name reached the page as markup")
	}
}

func TestEmptyPage(t *testing.T) {
	page := render(t, report.Page{Name: "empty", Verdicts: verdict.Judge(&verdict.Evidence{}, nil, verdict.Options{})})
	if !strings.Contains(page, "No claim could be tested.") || strings.Contains(page, "NaN") {
		t.Error("a page without results does not say so")
	}
}

func TestTerminalColumnsLineUp(t *testing.T) {
	for _, zh := range []bool{false, true} {
		out := report.Terminal(sample(), zh)
		if os.Getenv("FETTLE_REPORT_OUT") != "" {
			t.Log("\n" + out)
		}
		column := 0
		for _, line := range strings.Split(out, "\n") {
			before, _, found := strings.Cut(line, "n 120")
			if !found {
				continue
			}
			if at := report.Width(before); column == 0 {
				column = at
			} else if at != column {
				t.Errorf("n stands in columns %d and %d:\n%s", column, at, out)
			}
		}
		if column == 0 {
			t.Errorf("no comparison in:\n%s", out)
		}
	}
	if got := report.Width("微调 é́ x"); got != 4+1+1+1+1 {
		t.Errorf("Width = %d, want 8", got)
	}
}

// How many trainings stand behind the numbers is said as it is, on the page and the terminal.
func TestTooFewSeeds(t *testing.T) {
	const once, few = "ne training run", "ewer than three training runs"
	for _, tt := range []struct {
		seeds []int64
		want  string
	}{{nil, ""}, {[]int64{1}, once}, {[]int64{1, 2}, few}, {[]int64{1, 2, 3}, ""}} {
		p := sample()
		p.Seeds = tt.seeds
		for name, out := range map[string]string{"terminal": report.Terminal(p, false), "page": render(t, p)} {
			for _, words := range []string{once, few} {
				if got := strings.Contains(out, words); got != (words == tt.want) {
					t.Errorf("%s, seeds %v: %q is said: %v", name, tt.seeds, words, got)
				}
			}
		}
	}
}
