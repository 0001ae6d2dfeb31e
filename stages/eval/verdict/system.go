package verdict

// The systems that answer. All share weights, tokenizer, decoding and length limit; the tuned ones add the adapter.
const (
	Base        = "base"         // closed book
	BaseRAG     = "base_rag"     // with what BM25 retrieves
	Tuned       = "tuned"        // closed book
	TunedRAG    = "tuned_rag"    // with what BM25 retrieves
	Oracle      = "oracle"       // base with the right document
	TunedOracle = "tuned_oracle" // tuned with the right document
)

// Systems lists them in the order of tables.
var Systems = []string{Base, BaseRAG, Tuned, TunedRAG, Oracle, TunedOracle}

// SystemText names a system to people.
func SystemText(system string) Text {
	switch system {
	case Base:
		return Text{"base", "基座"}
	case BaseRAG:
		return Text{"base + RAG", "基座 + 检索"}
	case Tuned:
		return Text{"tuned", "微调"}
	case TunedRAG:
		return Text{"tuned + RAG", "微调 + 检索"}
	case Oracle:
		return Text{"base + right page", "基座 + 正确文档"}
	case TunedOracle:
		return Text{"tuned + right page", "微调 + 正确文档"}
	}
	return Text{system, system}
}

// IsTuned reports whether a system answers with the adapter, and so once per seed.
func IsTuned(system string) bool {
	return system == Tuned || system == TunedRAG || system == TunedOracle
}
