package verdict

import "fettle/schemas"

// Speed: an answer without retrieval and without documents in the prompt takes less time.
var Speed = Claim{
	Name: "speed",
	Text: Text{"Tuning is faster: there is no retrieval step and the prompt is short.", "微调更快：没有检索步骤，提示词也短。"},
	Parts: []Comparison{
		{Text: Text{"Time to the whole answer, one question at a time", "逐题完整回答所需时间"},
			A: Tuned, B: BaseRAG, Time: true, Where: func(schemas.Question) bool { return true }},
	},
	Advice: map[Outcome]Text{
		Supported:    {"Where response time matters, the tuned model answers sooner on this machine.", "在意响应时间时，微调模型在本机上回答更快。"},
		Refuted:      {"The tuned model is slower here: speed is no reason to tune.", "微调模型在这里更慢：速度不是微调的理由。"},
		Inconclusive: {"No difference in speed was shown.", "未显示速度差异。"},
	},
}
