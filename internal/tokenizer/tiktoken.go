package tokenizer

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/pattern"
	"fettle/internal/tokenizer/subword"
)

// tiktokenConfig is what a tiktoken rank file does not say.
type tiktokenConfig struct {
	Pattern string // regular expression of words
	Special map[string]int32
	NFC     bool // text is put into normal form C first
}

// knownRanks are the vocabularies that are known by their number of ranks.
var knownRanks = map[int]tiktokenConfig{
	50256:  {Pattern: pattern.GPT2, Special: map[string]int32{"<|endoftext|>": 50256}}, // r50k_base
	50280:  {Pattern: pattern.GPT2, Special: map[string]int32{"<|endoftext|>": 50256}}, // p50k_base
	100256: {Pattern: pattern.CL100K, Special: cl100kSpecial},                          // cl100k_base
	199998: {Pattern: pattern.O200K, Special: o200kSpecial},                            // o200k_base
	128000: {Pattern: pattern.CL100K, Special: llama3Special()},                        // Llama 3.1 and later 3.x
	151643: {Pattern: pattern.Qwen2, Special: qwenSpecial(), NFC: true},                // Qwen
	248044: {Pattern: pattern.Qwen35, Special: numbered(248044, qwen35Special), NFC: true},
}

var (
	cl100kSpecial = map[string]int32{
		"<|endoftext|>": 100257, "<|fim_prefix|>": 100258, "<|fim_middle|>": 100259, "<|fim_suffix|>": 100260,
		"<|endofprompt|>": 100276,
	}
	o200kSpecial  = map[string]int32{"<|endoftext|>": 199999, "<|endofprompt|>": 200018}
	qwen35Special = []string{
		"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
		"<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>",
		"<|video_pad|>", "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
		"<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>", "<|audio_start|>",
		"<|audio_end|>", "<tts_pad>", "<tts_text_bos>", "<tts_text_eod>", "<tts_text_bos_single>", "<|audio_pad|>",
	}
)

// numbered gives tokens ids from first on.
func numbered(first int32, tokens []string) map[string]int32 {
	ids := map[string]int32{}
	for i, token := range tokens {
		ids[token] = first + int32(i)
	}
	return ids
}

// qwenSpecial are the special tokens of Qwen 1; later ones name some of the extra ones anew.
func qwenSpecial() map[string]int32 {
	tokens := []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>"}
	for i := range 205 {
		tokens = append(tokens, fmt.Sprintf("<|extra_%d|>", i))
	}
	return numbered(151643, tokens)
}

// llama3Special are the 256 special tokens of Llama 3.1.
func llama3Special() map[string]int32 {
	tokens := []string{
		"<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
		"<|finetune_right_pad_id|>", "<|reserved_special_token_2|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>",
		"<|eot_id|>", "<|python_tag|>",
	}
	for i := 3; len(tokens) < 256; i++ {
		tokens = append(tokens, fmt.Sprintf("<|reserved_special_token_%d|>", i))
	}
	return numbered(128000, tokens)
}

// parseKnownTiktoken reads a tiktoken rank file of a vocabulary that is known: a line for each token, its bytes in base64 and its
// rank, which is its id.
func parseKnownTiktoken(data []byte) (*Tokenizer, error) {
	ranks, err := readRanks(data)
	if err != nil {
		return nil, err
	}
	c, ok := knownRanks[len(ranks)]
	if !ok {
		return nil, fmt.Errorf("a tiktoken rank file of %d ranks is not known: it does not say how to cut words and which tokens are special", len(ranks))
	}
	return newTiktoken(ranks, c)
}

func newTiktoken(ranks map[string]int32, c tiktokenConfig) (*Tokenizer, error) {
	p, err := pattern.Compile(c.Pattern, pattern.Fancy)
	if err != nil {
		return nil, err
	}
	model, err := subword.NewRanks(ranks)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{model: model, splitters: []splitter{isolator{p}}, template: plainTemplate(), joinsBytes: true}
	t.decoder = []decoder{joinBytes}
	if c.NFC {
		t.normalize = []normalizer{func(t *aligned.Text) { t.Form(aligned.NFC) }}
	}
	var special []AddedToken
	for content, id := range c.Special {
		special = append(special, AddedToken{ID: id, Content: content, Special: true})
	}
	if t.added, err = newAdded(special, t); err != nil {
		return nil, err
	}
	t.finish()
	return t, nil
}

func readRanks(data []byte) (map[string]int32, error) {
	ranks := map[string]int32{}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		token, rank, ok := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		if !ok {
			if len(token) == 0 {
				continue
			}
			return nil, fmt.Errorf("line %d: not a token and a rank", n)
		}
		word, err := base64.StdEncoding.DecodeString(string(token))
		if err != nil {
			return nil, fmt.Errorf("line %d: token: %w", n, err)
		}
		id, err := strconv.ParseInt(string(rank), 10, 32)
		if err != nil || id < 0 || id >= maxID {
			return nil, fmt.Errorf("line %d: rank %q is no number between 0 and %d", n, rank, maxID)
		}
		ranks[string(word)] = int32(id)
	}
	return ranks, nil
}

// isTiktoken says whether data looks like a rank file: base64, a space and a number on the first line.
func isTiktoken(data []byte) bool {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	token, rank, ok := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
	if !ok {
		return false
	}
	_, err := base64.StdEncoding.DecodeString(string(token))
	_, err2 := strconv.Atoi(string(rank))
	return err == nil && err2 == nil
}
