package eval

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fettle/internal/backend"
	"fettle/internal/config"
	"fettle/stages/eval/verdict"
)

// Settings is the section eval of a stages.yaml.
type Settings struct {
	Systems      []string                 `json:"systems" check:"minlen=1" jsonschema:"who answers: base, base_rag, tuned, tuned_rag, oracle (base with the right document), tuned_oracle"`
	Metric       config.Choice[Metric]    `json:"metric" check:"required" jsonschema:"what counts as right in the verdicts"`
	Metrics      []config.Choice[Metric]  `json:"metrics" jsonschema:"further measures for the report"`
	Claims       []string                 `json:"claims" jsonschema:"which claims to judge: scope, independence, speed, combination"`
	Retriever    config.Choice[Retriever] `json:"retriever" check:"required" jsonschema:"what finds documents for the systems with RAG"`
	Prompt       Prompt                   `json:"prompt" jsonschema:"how questions are put"`
	MaxNewTokens int                      `json:"max_new_tokens" check:"min=1" jsonschema:"longest answer, in tokens"`
	MaxPrompt    int                      `json:"max_prompt" check:"min=0" jsonschema:"longest prompt, in tokens; documents are cut to fit (0 = what the model's context leaves)"`
	Batch        int                      `json:"batch" check:"min=1" jsonschema:"questions answered at once"`
	Timed        int                      `json:"timed" check:"min=0" jsonschema:"questions that are asked once more, one at a time, to measure how long answers take"`
	Judge        Judge                    `json:"judge" jsonschema:"the statistics"`
	Backend      string                   `json:"backend" key:"-" check:"oneof=auto|go|xla:cpu|xla:cuda" jsonschema:"what computes (fettle doctor says what works here); auto = the first that does of xla:cuda, xla:cpu, go"`
	MaxTime      time.Duration            `json:"max_time" key:"-" jsonschema:"keep what is answered and exit with 1 after so long (0s = never)"`
}

// Prompt holds templates of the user's message.
type Prompt struct {
	Closed  string `json:"closed" check:"required" jsonschema:"without documents; {question} is filled in"`
	Open    string `json:"open" check:"required" jsonschema:"with documents; {question} and {context} are filled in"`
	Passage string `json:"passage" check:"required" jsonschema:"one retrieved document in the context; {title} and {text} are filled in"`
}

// Judge holds the settings of the statistics.
type Judge struct {
	Alpha     float64 `json:"alpha" check:"above=0,below=1" jsonschema:"chance of a false verdict, over all claims"`
	Margin    float64 `json:"margin" check:"min=0,max=1" jsonschema:"loss of right answers that still counts as none"`
	Resamples int     `json:"resamples" check:"min=100" jsonschema:"of the bootstrap"`
	Seed      uint64  `json:"seed" jsonschema:"of the bootstrap"`
}

func defaults() Settings {
	exact, _ := config.New[Metric]("exact_match")
	bm25, _ := config.New[Retriever]("bm25")
	return Settings{
		Systems:      []string{verdict.Base, verdict.BaseRAG, verdict.Tuned, verdict.TunedRAG, verdict.Oracle},
		Metric:       config.Choice[Metric]{Name: "exact_match", Value: exact},
		Claims:       verdict.Names(),
		Retriever:    config.Choice[Retriever]{Name: "bm25", Value: bm25},
		Prompt:       Prompt{Closed: "{question}", Open: "{context}\n\n{question}", Passage: "{text}"},
		MaxNewTokens: 64,
		Batch:        32,
		Timed:        100,
		Judge:        Judge{Alpha: 0.05, Margin: 0.05, Resamples: 10_000, Seed: 1},
		Backend:      backend.Auto,
	}
}

// Check holds the rules over several settings.
func (s Settings) Check(fault func(field, want string)) {
	named := func(field string, names, known []string) {
		for i, name := range names {
			switch {
			case !slices.Contains(known, name):
				fault(fmt.Sprintf("%s[%d]", field, i), "one of "+strings.Join(known, ", "))
			case slices.Index(names, name) < i:
				fault(fmt.Sprintf("%s[%d]", field, i), "each name once")
			}
		}
	}
	named("systems", s.Systems, verdict.Systems)
	named("claims", s.Claims, verdict.Names())
	if m := s.Metric.Value; m != nil && !m.HigherIsBetter() {
		fault("metric", "a metric of which more is better")
	}
	for _, m := range s.Metrics {
		if m.Name == s.Metric.Name {
			fault("metrics", "metrics besides "+m.Name)
		}
	}
	for _, t := range []struct{ field, template, slot string }{
		{"prompt.closed", s.Prompt.Closed, "{question}"}, {"prompt.open", s.Prompt.Open, "{question}"},
		{"prompt.open", s.Prompt.Open, "{context}"}, {"prompt.passage", s.Prompt.Passage, "{text}"},
	} {
		if !strings.Contains(t.template, t.slot) {
			fault(t.field, "a template with "+t.slot)
		}
	}
}

// allMetrics is the deciding metric and the further ones.
func (s Settings) allMetrics() []config.Choice[Metric] {
	return append([]config.Choice[Metric]{s.Metric}, s.Metrics...)
}
