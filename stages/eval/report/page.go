package report

import (
	"fettle/schemas"
	"fettle/stages/eval/verdict"
)

// Page is everything that the report shows.
type Page struct {
	Name     string // of the pipeline, may be empty
	Model    string
	Metric   string // the one that verdicts use
	Alpha    float64
	Margin   float64
	Seeds    []int64
	Verdicts []verdict.Verdict

	Heat      Heat
	Metrics   []MetricRow
	Latency   []Latency
	Flips     Flips
	Retrieval []Retrieval
	Probe     []Proportion
	Losses    []Curve
	Sources   []schemas.SourceLoss // what the trained rows cost, by source
	Cut       []Proportion         // answers that met the length limit, by system

	Reproduction []Entry
}

// Heat is a table of mean scores: strata down, systems across.
type Heat struct {
	Systems []string
	Rows    []HeatRow
}

// HeatRow is one stratum.
type HeatRow struct {
	Name  string
	Text  verdict.Text
	N     int
	Cells []Cell // one per system
}

// Cell is a mean score with its interval; N = 0 leaves it empty.
type Cell struct {
	Mean, Low, High float64
	N               int
}

// MetricRow is one metric over all questions in words that were not trained.
type MetricRow struct {
	Name   string
	Values []float64 // one per system of Heat
}

// Latency is how long a system took for a question, in seconds.
type Latency struct {
	System                 string
	Search, Prompt, Answer float64 // medians of the parts: retrieval, reading the prompt, writing the answer
	P50, P95               float64 // of the whole
	PromptTokens           float64 // mean
	N                      int
}

// Flips counts questions by which of two systems was right, with examples.
type Flips struct {
	A, B                        string
	Both, OnlyA, OnlyB, Neither int
	Examples                    []Flip
}

// Flip is a question that one system got right and the other wrong.
type Flip struct {
	Question, Right  string
	Stratum          string
	AnswerA, AnswerB string
	RightA           bool
}

// Retrieval is how well the retriever found the document that holds the answer.
type Retrieval struct {
	Text                   verdict.Text
	N                      int
	RecallAt1, RecallAtK   float64
	K                      int
	MRR, NDCG, AnswerFound float64
}

// Proportion is a share with its Wilson interval.
type Proportion struct {
	Text      verdict.Text
	K, N      int
	Low, High float64
}

// Share is K of N, 0 for none.
func (p Proportion) Share() float64 {
	if p.N == 0 {
		return 0
	}
	return float64(p.K) / float64(p.N)
}

// Curve is the training loss of one seed.
type Curve struct {
	Seed  int64
	Steps []int64
	Loss  []float64
	// Of preference training: losses are of pairs or judged answers. Right is the share of the pairs that the model ranks as
	// it should; none where there are no pairs.
	Judged bool
	Right  []float64
	// Held is the loss on rows kept out, after some of the steps; none where it was not taken.
	HeldSteps []int64
	Held      []float64
}

// Entry is a line of the reproduction block.
type Entry struct{ Name, Value string }
