package pattern

// A Syntax is a dialect of regular expressions.
type Syntax int

const (
	// Oniguruma is that of tokenizer.json: ^ and $ are the ends of lines, {n,m}+ is a greedy repetition of a repetition.
	Oniguruma Syntax = iota
	// Fancy is that of tiktoken: ^ and $ are the ends of the text, {n,m}+ is possessive.
	Fancy
)
