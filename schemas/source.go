package schemas

import "strings"

// SourceLoss is what the conversations of one source cost, over all seeds: a figure of the train stage's report.
type SourceLoss struct {
	Source        string  `json:"source"`
	Conversations int     `json:"conversations"`
	Tokens        int64   `json:"tokens"` // trained tokens of an epoch
	First         float64 `json:"first"`  // nats per trained token in the first epoch
	Last          float64 `json:"last"`   // in the last epoch
}

// ConversationOf is the id of the conversation that an example was made of: one that was expanded turn by turn has examples
// id.0, id.1 ...
func ConversationOf(example string) string {
	id, _, _ := strings.Cut(example, ".")
	return id
}
