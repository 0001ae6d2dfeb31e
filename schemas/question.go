package schemas

// Doc is a document of the knowledge base that RAG retrieves from.
type Doc struct {
	DocID string `json:"doc_id"`
	Title string `json:"title"`
	Text  string `json:"text"`
	Lang  string `json:"lang"`
}

// Question is an evaluation item. Fact and Known span the strata of the evaluation protocol.
type Question struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Answers  []string `json:"answers"` // any of them is right
	DocID    string   `json:"doc_id"`  // the document that holds the answer, also when the knowledge base lacks it
	Group    string   `json:"group"`   // unit of the split and of the clustered bootstrap (page name)
	Lang     string   `json:"lang"`
	Fact     bool     `json:"fact"`    // F+: the fact is in the training data
	Known    bool     `json:"known"`   // K+: the document is in the knowledge base
	Wording  string   `json:"wording"` // seen (as trained), reworded (another template), translated (another language), new (F-)
	Context  string   `json:"context"` // text of the gold document, for the oracle
}
