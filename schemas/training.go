package schemas

// Step is one optimizer step of a run: a row of history.jsonl.
type Step struct {
	Seed     int64   `json:"seed"`
	Step     int64   `json:"step"` // from 1
	Epoch    float64 `json:"epoch"`
	Loss     float64 `json:"loss"`      // over the step's window: nats per trained token, or the objective's mean over the pairs
	GradNorm float64 `json:"grad_norm"` // before clipping
	LR       float64 `json:"lr"`        // the one used in this step
	Tokens   int64   `json:"tokens"`    // trained tokens of the window
	// EvalLoss is the loss on rows kept out, by the weights after this step; nil where it was not taken.
	EvalLoss *float64 `json:"eval_loss,omitempty"`
	*Preference
}

// RowLoss is what one conversation cost in one epoch.
type RowLoss struct {
	Seed   int64   `json:"seed"`
	Epoch  int64   `json:"epoch"`
	ID     string  `json:"id"` // of the conversation
	Tokens int64   `json:"tokens"`
	Loss   float64 `json:"loss"` // mean over its trained tokens
}

// Prediction is one answer of one system to one question.
type Prediction struct {
	Question  string   `json:"question"` // id
	System    string   `json:"system"`
	Seed      int64    `json:"seed"`
	Answer    string   `json:"answer"`
	Stopped   bool     `json:"stopped"`   // false = cut at max_new_tokens
	Retrieved []string `json:"retrieved"` // doc ids put into the prompt, best first
}

// Score is one metric of one prediction.
type Score struct {
	Question string  `json:"question"`
	System   string  `json:"system"`
	Seed     int64   `json:"seed"`
	Metric   string  `json:"metric"`
	Value    float64 `json:"value"`
}
