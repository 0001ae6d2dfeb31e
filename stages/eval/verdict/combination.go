package verdict

import "fettle/schemas"

// reachable holds where training or the knowledge base has the fact, in words that were not trained.
func reachable(q schemas.Question) bool { return learnt(q) || !q.Fact && q.Known }

// Combination: tuning with retrieval beats each of them alone.
var Combination = Claim{
	Name: "combination",
	Text: Text{"Tuning and retrieval together give the best results.", "微调与检索结合效果最好。"},
	Parts: []Comparison{
		{Text: Text{"Together against tuning alone", "结合对比单独微调"}, A: TunedRAG, B: Tuned, Where: reachable},
		{Text: Text{"Together against retrieval alone", "结合对比单独检索"}, A: TunedRAG, B: BaseRAG, Where: reachable},
	},
	Advice: map[Outcome]Text{
		Supported: {"Use both: the tuned model with retrieval answers best.", "两者并用：微调加检索的回答最好。"},
		Refuted: {"Do not combine them as they are: one alone answers better. Tuning on rows with retrieved documents may change that.",
			"不要直接结合：单独使用其一更好。用带检索文档的数据微调也许能改变这一点。"},
		Inconclusive: {"The data do not show that the combination beats both of its parts.", "现有数据不能证明结合优于两者各自单独使用。"},
	},
}
