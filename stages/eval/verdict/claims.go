package verdict

// Claims in the order of the report.
var Claims = []Claim{Scope, Independence, Speed, Combination, Control, Style, Degradation}

// Names lists the claims that have comparisons.
func Names() []string {
	var out []string
	for _, c := range Claims {
		if len(c.Parts) > 0 {
			out = append(out, c.Name)
		}
	}
	return out
}

// Claims of the protocol that no comparison here tests yet.
var (
	Control = Claim{Name: "control", Text: Text{"Tuning controls a specific task better than retrieval.",
		"微调比检索更能控制特定任务。"}}
	Style = Claim{Name: "style", Text: Text{"Tuning gives custom behaviour and tone.",
		"微调能定制行为和语气。"}}
	Degradation = Claim{Name: "degradation", Text: Text{"A tuned model with retrieval degrades gracefully when retrieval returns junk.",
		"检索结果变差时，微调加检索的系统能平稳退化。"}}
)
