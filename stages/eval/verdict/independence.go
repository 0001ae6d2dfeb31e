package verdict

import "fettle/schemas"

// Independence: the tuned model keeps answering when retrieval fails or its knowledge base is incomplete.
var Independence = Claim{
	Name: "independence",
	Text: Text{"Tuning is independent of retrieval: it answers when retrieval is down or its documents are missing.",
		"微调不依赖检索：检索停机或文档缺失时仍能回答。"},
	Parts: []Comparison{
		{Text: Text{"Retrieval is down: tuned against the base alone", "检索停机：微调对比基座"},
			A: Tuned, B: Base, Where: learnt},
		{Text: Text{"The document is missing: tuned against base + RAG", "文档缺失：微调对比基座 + 检索"},
			A: Tuned, B: BaseRAG, Where: func(q schemas.Question) bool { return learnt(q) && !q.Known }},
	},
	Advice: map[Outcome]Text{
		Supported: {"Tune what must be answered even when retrieval fails: trained facts stay available.",
			"检索失效时也必须回答的内容，应当微调：训练过的事实始终可用。"},
		Refuted: {"The tuned model gains nothing when retrieval fails: it has not learnt these facts.",
			"检索失效时微调并无优势：模型没有学会这些事实。"},
		Inconclusive: {"The data do not show that the tuned model helps when retrieval fails.",
			"现有数据不能证明检索失效时微调有帮助。"},
	},
}
