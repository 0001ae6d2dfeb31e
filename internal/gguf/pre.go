package gguf

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"fettle/internal/tokenizer/pattern"
)

// pre is one of llama.cpp's ways to cut text into words (tokenizer.ggml.pre).
type pre struct {
	name   string
	splits []string // regular expressions, one after the other; digits stands for single digits
	whole  bool     // a word that is a token needs no merges (ignore_merges)
}

const digits = `\p{N}`

// pres: of ways that cut alike, the one whose other traits fit (llm_tokenizer_bpe in llama.cpp's llama-vocab.cpp).
var pres = []pre{
	{name: "gpt-2", splits: []string{pattern.GPT2}},
	{name: "llama-bpe", splits: []string{pattern.CL100K}, whole: true},
	{name: "smaug-bpe", splits: []string{pattern.CL100K}},
	{name: "qwen2", splits: []string{pattern.Qwen2}},
	{name: "smollm", splits: []string{digits, pattern.GPT2}},
	{name: "deepseek-v3", splits: []string{`\p{N}{1,3}`, `[一-龥぀-ゟ゠-ヿ]+`, "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|" +
		" ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"}},
}

// findPre finds the way that a tokenizer.json's pre_tokenizer cuts.
func findPre(raw json.RawMessage, whole bool) (pre, error) {
	splits, err := splitsOf(raw)
	if err != nil {
		return pre{}, err
	}
	for _, p := range pres {
		if p.whole == whole && slices.EqualFunc(p.splits, splits, func(a, b string) bool { return spell(a) == spell(b) }) {
			return p, nil
		}
	}
	return pre{}, fmt.Errorf("llama.cpp has no pre-tokenizer that cuts by %q (ignore_merges %v)", splits, whole)
}

// spell writes escapes as what they stand for: files spell the same expression both ways.
func spell(re string) string { return strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(re) }

type preJSON struct {
	Type        string    `json:"type"`
	Steps       []preJSON `json:"pretokenizers"`
	Pattern     struct{ Regex string }
	Behavior    string `json:"behavior"`
	Invert      bool   `json:"invert"`
	Individual  bool   `json:"individual_digits"`
	UseRegex    *bool  `json:"use_regex"`
	PrefixSpace *bool  `json:"add_prefix_space"`
}

func splitsOf(raw json.RawMessage) ([]string, error) {
	var root preJSON
	if err := json.Unmarshal(raw, &root); err != nil {
		return nil, fmt.Errorf("pre_tokenizer: %w", err)
	}
	steps := root.Steps
	if root.Type != "Sequence" {
		steps = []preJSON{root}
	}
	var splits []string
	for _, s := range steps {
		switch {
		case s.Type == "Split" && s.Behavior == "Isolated" && !s.Invert && s.Pattern.Regex != "":
			splits = append(splits, s.Pattern.Regex)
		case s.Type == "Digits" && s.Individual:
			splits = append(splits, digits)
		case s.Type == "ByteLevel" && (s.PrefixSpace == nil || *s.PrefixSpace):
			return nil, fmt.Errorf("pre_tokenizer: llama.cpp puts no space before a text in the byte-level alphabet (add_prefix_space)")
		case s.Type == "ByteLevel":
			if s.UseRegex == nil || *s.UseRegex {
				splits = append(splits, pattern.GPT2)
			}
		default:
			return nil, fmt.Errorf("pre_tokenizer: llama.cpp has none like %s", s.Type)
		}
	}
	return splits, nil
}

// toJSON is the pre_tokenizer that cuts so.
func (p pre) toJSON() map[string]any {
	var steps []any
	for _, re := range p.splits {
		steps = append(steps, map[string]any{"type": "Split", "pattern": map[string]any{"Regex": re}, "behavior": "Isolated", "invert": false})
	}
	steps = append(steps, map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false})
	return map[string]any{"type": "Sequence", "pretokenizers": steps}
}
