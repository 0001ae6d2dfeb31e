package verdict

import "fettle/schemas"

// Wordings of a question, as schemas.Question names them.
const (
	Seen       = "seen"       // exactly as trained: recall
	Reworded   = "reworded"   // another template
	Translated = "translated" // another language
	New        = "new"        // the fact was not trained
)

// Stratum is a set of questions alike in what training and the knowledge base hold of them.
type Stratum struct {
	Name string // as in tables: "F+K+"
	Text Text
	Has  func(q schemas.Question) bool
}

// learnt holds for a trained fact asked in words that were not trained: answering it is learning, not recall.
func learnt(q schemas.Question) bool { return q.Fact && q.Wording != Seen }

// Strata are the rows of the report's tables. F: the fact was trained. K: its document is in the knowledge base.
var Strata = []Stratum{
	{"F+K+ seen", Text{"Trained, in the knowledge base, words as trained (recall)", "已训练，知识库有，原话提问（记忆）"},
		func(q schemas.Question) bool { return q.Fact && q.Known && q.Wording == Seen }},
	{"F+K− seen", Text{"Trained, not in the knowledge base, words as trained (recall)", "已训练，知识库无，原话提问（记忆）"},
		func(q schemas.Question) bool { return q.Fact && !q.Known && q.Wording == Seen }},
	{"F+K+", Text{"Trained, in the knowledge base, new words (learning)", "已训练，知识库有，换说法提问（学会）"},
		func(q schemas.Question) bool { return learnt(q) && q.Known }},
	{"F+K−", Text{"Trained, not in the knowledge base, new words (learning)", "已训练，知识库无，换说法提问（学会）"},
		func(q schemas.Question) bool { return learnt(q) && !q.Known }},
	{"F−K+", Text{"Not trained, in the knowledge base", "未训练，知识库有"},
		func(q schemas.Question) bool { return !q.Fact && q.Known }},
	{"F−K−", Text{"Not trained, not in the knowledge base (can only be guessed)", "未训练，知识库无（只能猜）"},
		func(q schemas.Question) bool { return !q.Fact && !q.Known }},
}

// Text is a sentence in the report's two languages.
type Text struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}
