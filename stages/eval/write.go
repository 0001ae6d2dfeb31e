package eval

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"fettle/internal/artifact"
	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"
	"fettle/stages/eval/report"
	"fettle/stages/eval/verdict"
)

// Judgement is verdict.json.
type Judgement struct {
	Metric   string            `json:"metric"`
	Alpha    float64           `json:"alpha"`
	Margin   float64           `json:"margin"`
	Seeds    []int64           `json:"seeds"`
	Verdicts []verdict.Verdict `json:"verdicts"`
}

// write lays down the tables, the judgement and the pages, and sums up for the stage's report.
func write(j *stage.Job[Settings], r *results, m *models, e *exam) error {
	n := int64(0)
	for _, p := range r.predictions {
		n += int64(len(p))
	}
	if err := save(j, "scores.parquet", r.score()); err != nil {
		return err
	}
	if err := save(j, "predictions.parquet", flat(r.predictions)); err != nil {
		return err
	}
	if err := save(j, "latency.parquet", r.latencies); err != nil {
		return err
	}
	verdicts := r.verdicts()
	page := r.page(verdicts, e.prompter)
	page.Sources = trainedSources(j.In["train"])
	page.Model, page.Losses, page.Reproduction = m.note.Name, m.losses, reproduction(j, m)
	judgement, err := json.MarshalIndent(Judgement{page.Metric, page.Alpha, page.Margin, page.Seeds, verdicts}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode verdicts: %w", err)
	}
	var html strings.Builder
	if err := report.Render(&html, page); err != nil {
		return fmt.Errorf("draw report: %w", err)
	}
	for name, text := range map[string]string{"verdict.json": string(judgement) + "\n", "report.html": html.String(),
		"summary.txt": report.Terminal(page, false), "summary.zh.txt": report.Terminal(page, true)} {
		path, err := j.File(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	j.Out(n)
	outcomes := map[string]verdict.Outcome{}
	for _, v := range verdicts {
		outcomes[v.Claim] = v.Outcome
	}
	j.Figure("verdicts", outcomes)
	j.Figure("metric", page.Metric)
	means := map[string]float64{}
	for _, system := range page.Heat.Systems {
		means[system], _ = r.mean(page.Metric, system, notSeen)
	}
	j.Figure("not_seen", means)
	return nil
}

func save[T any](j *stage.Job[Settings], name string, rows []T) error {
	path, err := j.File(name)
	if err != nil {
		return err
	}
	_, err = table.WriteAll(path, func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	})
	return err
}

func flat[T any](lists [][]T) []T {
	var out []T
	for _, list := range lists {
		out = append(out, list...)
	}
	return out
}

// trainedSources reads what the rows of each source cost off the training's report.
func trainedSources(train *artifact.Artifact) []schemas.SourceLoss {
	var report struct {
		Figures struct {
			Sources []schemas.SourceLoss `json:"loss_by_source"`
		} `json:"figures"`
	}
	if train == nil || json.Unmarshal(train.Manifest.Report, &report) != nil {
		return nil
	}
	return report.Figures.Sources
}

// reproduction lists what made the numbers.
func reproduction(j *stage.Job[Settings], m *models) []report.Entry {
	s := j.Settings
	out := []report.Entry{{Name: "model", Value: m.note.Name}, {Name: "weights sha256", Value: m.note.Weights}, {Name: "tokenizer sha256", Value: m.note.Tokenizer},
		{Name: "chat template sha256", Value: m.note.Template}}
	for _, name := range []string{"format", "train"} {
		if a := j.In[name]; a != nil {
			out = append(out, report.Entry{Name: name, Value: fmt.Sprintf("%s, data sha256 %s", a.Ref, a.Manifest.Digest)})
		}
	}
	retriever, _ := json.Marshal(s.Retriever)
	return append(out,
		report.Entry{Name: "backend", Value: j.Backend},
		report.Entry{Name: "seeds", Value: strings.Trim(fmt.Sprint(m.seeds), "[]")},
		report.Entry{Name: "decoding", Value: fmt.Sprintf("greedy, at most %d tokens", s.MaxNewTokens)},
		report.Entry{Name: "prompt without documents", Value: s.Prompt.Closed},
		report.Entry{Name: "prompt with documents", Value: s.Prompt.Open},
		report.Entry{Name: "retriever", Value: string(retriever)},
		report.Entry{Name: "bootstrap", Value: fmt.Sprintf("%d resamples of documents, PCG-XSH-RR 64/32, seed %d", s.Judge.Resamples, s.Judge.Seed)},
		report.Entry{Name: "tests", Value: fmt.Sprintf("McNemar exact; Tango score where a loss of %.0f points is allowed; Holm over claims at %.2g", 100*s.Judge.Margin, s.Judge.Alpha)})
}
