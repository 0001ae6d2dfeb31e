package schemas

// The sides that a conversation of preference data can be on. A pair is a chosen and a rejected conversation of one prompt; a
// single answer that was judged is desirable or undesirable, and has a mismatched one behind it: the same prompt with the
// answer to another.
const (
	Chosen      = "chosen"
	Rejected    = "rejected"
	Desirable   = "desirable"
	Undesirable = "undesirable"
	Mismatched  = "mismatched"
)

// Preference is what a step of preference training measured: part of a Step, under the names that TRL gives them. A figure
// that the step has no answers for is left out.
type Preference struct {
	ChosenReward   *float64 `json:"rewards/chosen,omitempty"` // mean over the pairs of beta · (log-probability - the reference's)
	RejectedReward *float64 `json:"rewards/rejected,omitempty"`
	Margin         *float64 `json:"rewards/margins,omitempty"`
	Accuracy       *float64 `json:"rewards/accuracies,omitempty"` // share of the pairs whose chosen answer has the higher reward
	ChosenLogp     *float64 `json:"logps/chosen,omitempty"`       // mean log-probability of an answer; orpo: of its tokens
	RejectedLogp   *float64 `json:"logps/rejected,omitempty"`
	EvalMargin     *float64 `json:"eval_rewards/margins,omitempty"`    // of the answers kept out, where they were taken
	EvalAccuracy   *float64 `json:"eval_rewards/accuracies,omitempty"` //
	KL             *float64 `json:"kl,omitempty"`                      // kto: estimated on mismatched answers, 0 at least
	NLL            *float64 `json:"nll_loss,omitempty"`                // nats per token of the chosen answers, where the loss counts them
	LogOdds        *float64 `json:"log_odds_chosen,omitempty"`         // orpo: mean log odds ratio
}
