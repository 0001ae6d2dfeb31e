package gguf

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"fettle/internal/model"
	"fettle/internal/tokenizer"
)

// Types of tokens (llama_token_type, the numbers of SentencePiece).
const (
	tokenNormal  int32 = 1
	tokenUnknown int32 = 2
	tokenControl int32 = 3
	tokenUser    int32 = 4
	tokenUnused  int32 = 5
	tokenByte    int32 = 6
)

// tokenizerJSON is what a file needs of tokenizer.json beyond what Tokenizer tells.
type tokenizerJSON struct {
	Normalizer   json.RawMessage `json:"normalizer"`
	PreTokenizer json.RawMessage `json:"pre_tokenizer"`
	Model        struct {
		Type         string            `json:"type"`
		Vocab        map[string]int32  `json:"vocab"`
		Merges       []json.RawMessage `json:"merges"`
		Unknown      *string           `json:"unk_token"`
		ByteFallback bool              `json:"byte_fallback"`
		IgnoreMerges bool              `json:"ignore_merges"`
	} `json:"model"`
}

// vocabulary gathers what the metadata say of tokens.
type vocabulary struct {
	file   tokenizerJSON
	t      *tokenizer.Tokenizer
	tokens []string
	types  []int32
	merges []string
	beyond []string // added tokens that the embedding has no row for
}

// AddVocab writes the tokenizer of a model directory into the header: tokens up to the model's vocab_size with their types,
// merges or scores, special ids. What llama.cpp would tokenise otherwise is an error that says what.
func (h *Header) AddVocab(dir string, c *model.Config, endOfTurn []string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		return fmt.Errorf("gguf vocabulary: %w", err)
	}
	v := &vocabulary{}
	if err := json.Unmarshal(raw, &v.file); err != nil {
		if !strings.Contains(string(raw), `"BPE"`) {
			return fmt.Errorf("gguf vocabulary: only BPE tokenizers are written")
		}
		return fmt.Errorf("gguf vocabulary: %w", err)
	}
	if v.t, err = tokenizer.Load(filepath.Join(dir, "tokenizer.json")); err != nil {
		return err
	}
	if err := v.list(c.Vocab); err != nil {
		return fmt.Errorf("gguf vocabulary: %w", err)
	}
	if len(v.beyond) > 0 {
		h.note("the tokenizer adds %q beyond the model's %d tokens: left out, as the model has no row for them", v.beyond, c.Vocab)
	}
	if v.file.Model.ByteFallback {
		err = h.addScored(v)
	} else {
		err = h.addByteLevel(v)
	}
	if err != nil {
		return fmt.Errorf("gguf vocabulary: %w", err)
	}
	h.addSpecial(v, c, endOfTurn)
	return nil
}

var byteToken = regexp.MustCompile(`^<0x[0-9A-F]{2}>$`)

// list puts every id of the model into the lists; ids without a token are unused.
func (v *vocabulary) list(size int) error {
	m := v.file.Model
	if m.Type != "BPE" && m.Type != "" || m.Vocab == nil {
		return fmt.Errorf("a %s tokenizer is not written, only BPE", m.Type)
	}
	v.tokens, v.types = make([]string, size), make([]int32, size)
	for id := range size {
		v.tokens[id], v.types[id] = fmt.Sprintf("[PAD%d]", id), tokenUnused
	}
	put := func(id int32, text string, kind int32) error {
		if int(id) >= size {
			return fmt.Errorf("token %q has id %d, but the model's vocab_size is %d", text, id, size)
		}
		v.tokens[id], v.types[id] = text, kind
		return nil
	}
	for text, id := range m.Vocab {
		kind := tokenNormal
		if m.ByteFallback && byteToken.MatchString(text) {
			kind = tokenByte
		}
		if err := put(id, text, kind); err != nil {
			return err
		}
	}
	for _, a := range v.t.Added() {
		if int(a.ID) >= size {
			v.beyond = append(v.beyond, a.Content)
			continue
		}
		kind := tokenUser
		if a.Special {
			kind = tokenControl
		}
		if m.ByteFallback && m.Unknown != nil && a.Content == *m.Unknown {
			kind = tokenUnknown
		}
		if err := put(a.ID, a.Content, kind); err != nil {
			return err
		}
	}
	return v.readMerges()
}

// readMerges reads both spellings: "a b" and ["a", "b"].
func (v *vocabulary) readMerges() error {
	for i, raw := range v.file.Model.Merges {
		var one string
		var two []string
		if json.Unmarshal(raw, &one) == nil {
			two = strings.SplitN(one, " ", 2)
		} else if err := json.Unmarshal(raw, &two); err != nil {
			return fmt.Errorf("merge %d: %w", i, err)
		}
		if len(two) != 2 {
			return fmt.Errorf("merge %d: %s: want two tokens", i, raw)
		}
		v.merges = append(v.merges, two[0]+" "+two[1])
	}
	return nil
}

func (h *Header) addByteLevel(v *vocabulary) error {
	if n := strings.TrimSpace(string(v.file.Normalizer)); strings.Contains(n, `"NFC"`) {
		h.note("the tokenizer composes accents first (NFC), llama.cpp does not: texts with combining marks may get other ids there")
	} else if n != "" && n != "null" && !strings.Contains(n, `"normalizers":[]`) && !strings.Contains(n, `"normalizers": []`) {
		return fmt.Errorf("llama.cpp has no normalizer like %s", n)
	}
	p, err := findPre(v.file.PreTokenizer, v.file.Model.IgnoreMerges)
	if err != nil {
		return err
	}
	h.add("tokenizer.ggml.model", "gpt2")
	h.add("tokenizer.ggml.pre", p.name)
	h.add("tokenizer.ggml.tokens", v.tokens)
	h.add("tokenizer.ggml.token_type", v.types)
	h.add("tokenizer.ggml.merges", v.merges)
	return nil
}

// addScored writes a BPE with byte fallback as the SentencePiece model that it came from: the earlier the merge that makes a
// token, the greater its score. llama.cpp merges by scores, the leftmost of equals first.
func (h *Header) addScored(v *vocabulary) error {
	prefix, err := v.prefixSpace()
	if err != nil {
		return err
	}
	scores := make([]float32, len(v.tokens))
	for i := range scores {
		scores[i] = -1e6 // made by no merge
		if v.types[i] != tokenNormal {
			scores[i] = 0
		}
	}
	seen := map[int32]bool{}
	for rank, m := range v.merges {
		left, right, _ := strings.Cut(m, " ")
		if id, ok := v.file.Model.Vocab[left+right]; ok && !seen[id] {
			seen[id] = true
			scores[id] = -float32(rank)
		}
	}
	h.add("tokenizer.ggml.model", "llama")
	h.add("tokenizer.ggml.pre", "default")
	h.add("tokenizer.ggml.tokens", v.tokens)
	h.add("tokenizer.ggml.scores", scores)
	h.add("tokenizer.ggml.token_type", v.types)
	h.add("tokenizer.ggml.add_space_prefix", prefix)
	return nil
}

// prefixSpace says whether a space goes before a text; how is written in one of three ways.
func (v *vocabulary) prefixSpace() (bool, error) {
	norm, pre := string(v.file.Normalizer), string(v.file.PreTokenizer)
	if strings.Contains(norm, `"NFC"`) || strings.Contains(norm, `"NFKC"`) || strings.Contains(norm, `"Precompiled"`) {
		return false, fmt.Errorf("llama.cpp has no normalizer like %s", norm)
	}
	if !strings.Contains(norm, "▁") && !strings.Contains(norm, `\u2581`) && !strings.Contains(pre, `"Metaspace"`) {
		return false, fmt.Errorf("byte fallback without ▁ for spaces is not known to llama.cpp")
	}
	metaspace := strings.Contains(pre, `"Metaspace"`) && !strings.Contains(strings.ReplaceAll(pre, " ", ""), `"prepend_scheme":"never"`)
	return strings.Contains(norm, `"Prepend"`) || metaspace, nil
}

// addSpecial writes special ids, and what the tokenizer adds by itself: told by encoding a letter with and without.
func (h *Header) addSpecial(v *vocabulary, c *model.Config, endOfTurn []string) {
	with, without := v.t.Encode("a", tokenizer.Options{AddSpecial: true}), v.t.Encode("a", tokenizer.Options{})
	added := len(with) - len(without)
	first := added > 0 && (len(without) == 0 || with[0] != without[0])
	last := added > 0 && (!first || added > 1)
	bos := c.BOS
	if first {
		bos = int(with[0])
	}
	h.addID("bos", bos, v)
	if len(c.EOS) > 0 {
		h.addID("eos", c.EOS[0], v)
	}
	h.addID("padding", c.Pad, v)
	if m := v.file.Model; m.Unknown != nil {
		if id, ok := v.t.TokenID(*m.Unknown); ok {
			h.addID("unknown", int(id), v)
		}
	}
	for _, text := range endOfTurn {
		if id, ok := v.t.TokenID(text); ok && (len(c.EOS) == 0 || int(id) != c.EOS[0]) {
			h.addID("eot", int(id), v)
			break
		}
	}
	h.add("tokenizer.ggml.add_bos_token", first)
	h.add("tokenizer.ggml.add_eos_token", last)
}

func (h *Header) addID(name string, id int, v *vocabulary) {
	if id >= 0 && id < len(v.tokens) {
		h.add("tokenizer.ggml."+name+"_token_id", uint32(id))
	}
}
