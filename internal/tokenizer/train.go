package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"runtime"
	"slices"
	"sync"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/pattern"
	"fettle/internal/tokenizer/subword"
)

// TrainOptions say what vocabulary to learn.
type TrainOptions struct {
	VocabSize      int
	MinFrequency   int      // pairs seen less often are not merged
	Special        []string // special tokens, the first of the vocabulary
	Alphabet       bool     // all 256 bytes are tokens, seen or not, so that any text can be encoded
	MaxTokenLength int      // merges that would reach it, in bytes, are not made; 0 = no limit
	Pattern        string   // regular expression of words; "" = that of GPT-2
}

// Trained is a byte-level BPE vocabulary: tokens in the order of their ids, merges in the order of their ranks.
type Trained struct {
	Vocab   []string
	Merges  [][2]string
	Special []string
	Pattern string
}

// Train learns a byte-level BPE vocabulary. The result depends on the texts alone, not on their order nor on the machine, and
// equals that of the BpeTrainer of Hugging Face's tokenizers.
func Train(o TrainOptions, texts iter.Seq[string]) (*Trained, error) {
	if o.VocabSize < 1 {
		return nil, fmt.Errorf("train tokenizer: vocabulary size %d is less than 1", o.VocabSize)
	}
	expr := o.Pattern
	if expr == "" {
		expr = pattern.GPT2
	}
	p, err := pattern.Compile(expr, pattern.Oniguruma)
	if err != nil {
		return nil, fmt.Errorf("train tokenizer: %w", err)
	}
	t := subword.Train(subword.TrainConfig{
		VocabSize: o.VocabSize, MinFrequency: int64(o.MinFrequency), Special: o.Special,
		Alphabet: o.Alphabet, MaxTokenLength: o.MaxTokenLength,
	}, countWords(p, texts))
	return &Trained{Vocab: t.Tokens, Merges: t.Merges, Special: o.Special, Pattern: o.Pattern}, nil
}

// countWords counts the words of texts on all processors.
func countWords(p *pattern.Pattern, texts iter.Seq[string]) map[string]int64 {
	words := isolator{p}
	work := make(chan string, 64)
	counts := make([]map[string]int64, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for i := range counts {
		counts[i] = map[string]int64{}
		wait.Go(func() {
			for text := range work {
				text = aligned.Valid(text)
				words.bounds(text, func(start, end int) { counts[i][text[start:end]]++ })
			}
		})
	}
	for text := range texts {
		work <- text
	}
	close(work)
	wait.Wait()
	for _, more := range counts[1:] {
		for word, n := range more {
			counts[0][word] += n
		}
	}
	return counts[0]
}

// JSON is the tokenizer.json of the vocabulary.
func (t *Trained) JSON() ([]byte, error) {
	added := []AddedToken{}
	for id, s := range t.Vocab {
		if slices.Contains(t.Special, s) {
			added = append(added, AddedToken{ID: int32(id), Content: s, Special: true})
		}
	}
	byteLevel := func(prefix, regex bool) byteLevelJSON { return byteLevelJSON{"ByteLevel", prefix, true, regex} }
	var pre any = byteLevel(false, true)
	if t.Pattern != "" {
		split := splitJSON{Type: "Split", Behavior: "Isolated"}
		split.Pattern.Regex = t.Pattern
		pre = sequenceJSON{"Sequence", []any{split, byteLevel(false, false)}}
	}
	merges := t.Merges
	if merges == nil {
		merges = [][2]string{}
	}
	return encodeJSON(fileJSON{
		Version: "1.0", AddedTokens: added, PreTokenizer: pre, Decoder: byteLevel(true, true),
		Model: bpeJSON{Type: "BPE", Vocab: orderedVocab(t.Vocab), Merges: merges},
	})
}

// Tokenizer is the tokenizer of the vocabulary.
func (t *Trained) Tokenizer() (*Tokenizer, error) {
	data, err := t.JSON()
	if err != nil {
		return nil, err
	}
	return Parse(data)
}

// Save writes the vocabulary as a tokenizer.json.
func (t *Trained) Save(path string) error {
	data, err := t.JSON()
	if err != nil {
		return fmt.Errorf("save tokenizer %s: %w", path, err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("save tokenizer: %w", err)
	}
	return nil
}

// The parts of a tokenizer.json, fields in the order in which Hugging Face's tokenizers write them.
type (
	fileJSON struct {
		Version       string       `json:"version"`
		Truncation    any          `json:"truncation"`
		Padding       any          `json:"padding"`
		AddedTokens   []AddedToken `json:"added_tokens"`
		Normalizer    any          `json:"normalizer"`
		PreTokenizer  any          `json:"pre_tokenizer"`
		PostProcessor any          `json:"post_processor"`
		Decoder       any          `json:"decoder"`
		Model         bpeJSON      `json:"model"`
	}
	byteLevelJSON struct {
		Type           string `json:"type"`
		AddPrefixSpace bool   `json:"add_prefix_space"`
		TrimOffsets    bool   `json:"trim_offsets"`
		UseRegex       bool   `json:"use_regex"`
	}
	splitJSON struct {
		Type    string `json:"type"`
		Pattern struct {
			Regex string
		} `json:"pattern"`
		Behavior string `json:"behavior"`
		Invert   bool   `json:"invert"`
	}
	sequenceJSON struct {
		Type          string `json:"type"`
		Pretokenizers []any  `json:"pretokenizers"`
	}
	bpeJSON struct {
		Type         string       `json:"type"`
		Dropout      any          `json:"dropout"`
		Unknown      any          `json:"unk_token"`
		Prefix       any          `json:"continuing_subword_prefix"`
		Suffix       any          `json:"end_of_word_suffix"`
		FuseUnknown  bool         `json:"fuse_unk"`
		ByteFallback bool         `json:"byte_fallback"`
		IgnoreMerges bool         `json:"ignore_merges"`
		Vocab        orderedVocab `json:"vocab"`
		Merges       [][2]string  `json:"merges"`
	}
)

// orderedVocab is written as an object in the order of ids.
type orderedVocab []string

func (v orderedVocab) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for id, token := range v {
		if id > 0 {
			b.WriteByte(',')
		}
		key, err := encodeJSON(token)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%d", key, id)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encodeJSON is json.Marshal without escapes for HTML.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
