package verdict

import "fettle/schemas"

// Scope: whatever retrieval answers the tuned model answers as well, and it answers what retrieval cannot.
var Scope = Claim{
	Name: "scope",
	Text: Text{"Tuning can do what retrieval can, and not the reverse.", "检索能做的，微调都能做；反之则不然。"},
	Parts: []Comparison{
		{Text: Text{"Facts that both could use: tuned is not worse", "双方都有的事实：微调不差"},
			A: Tuned, B: BaseRAG, NoLoss: true, Where: func(q schemas.Question) bool { return learnt(q) && q.Known }},
		{Text: Text{"Facts only in the knowledge base: tuned is not worse", "只在知识库中的事实：微调不差"},
			A: Tuned, B: BaseRAG, NoLoss: true, Where: func(q schemas.Question) bool { return !q.Fact && q.Known }},
		{Text: Text{"Facts only in the training data: tuned is better", "只在训练数据中的事实：微调更好"},
			A: Tuned, B: BaseRAG, Where: func(q schemas.Question) bool { return learnt(q) && !q.Known }},
	},
	Advice: map[Outcome]Text{
		Supported: {"On this data the tuned model can replace retrieval.", "在这批数据上，微调模型可以取代检索。"},
		Refuted: {"Tuning does not replace retrieval here: keep retrieval where the tuned model falls behind.",
			"在这里微调不能取代检索：凡微调落后之处，应保留检索。"},
		Inconclusive: {"The data do not decide whether tuning can replace retrieval; ask more questions before you rely on it.",
			"现有数据不足以判断微调能否取代检索；依赖它之前请增加题目。"},
	},
}
