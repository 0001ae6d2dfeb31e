package pattern

// CompileGeneral compiles for the engine even what is scanned by hand.
func CompileGeneral(expr string, syntax Syntax) (*Pattern, error) {
	prog, err := compile(expr, syntax)
	if err != nil {
		return nil, err
	}
	return &Pattern{find: prog.find}, nil
}

// Known are the expressions that are scanned by hand.
var Known = map[string]string{
	"gpt2": GPT2, "cl100k": CL100K, "qwen2": Qwen2, "qwen35": Qwen35, "o200k": O200K,
	"deepseek digits": deepseekDigits, "deepseek cjk": deepseekCJK, "deepseek rest": deepseekRest,
}
