package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fettle/internal/disk"
	"fettle/internal/lfs"
	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/pattern"
	"fettle/internal/tokenizer/subword"
)

// Load reads a tokenizer from a file or from the folder of a model. Of a folder it takes tokenizer.json, else tokenizer.model
// (SentencePiece or tiktoken), else vocab.json with merges.txt, else the one file *.tiktoken.
func Load(path string) (*Tokenizer, error) {
	t, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("load tokenizer %s: %w", path, err)
	}
	return t, nil
}

func load(path string) (*Tokenizer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return loadFolder(path)
	}
	if filepath.Base(path) == "vocab.json" {
		return loadVocab(filepath.Dir(path))
	}
	data, err := lfs.ReadFile(path)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasSuffix(path, ".json"):
		return Parse(data)
	case isTiktoken(data):
		return parseKnownTiktoken(data)
	case isSPM(data):
		return ParseSentencePiece(data)
	}
	return nil, errors.New("it is no tokenizer.json, tiktoken rank file or SentencePiece model")
}

func loadFolder(dir string) (*Tokenizer, error) {
	names := []string{"tokenizer.json", "tokenizer.model", "vocab.json"}
	if ranks := disk.Glob(dir, "*.tiktoken"); len(ranks) == 1 {
		names = append(names, filepath.Base(ranks[0]))
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			t, err := load(path)
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			return t, err
		}
	}
	return nil, fmt.Errorf("it has none of %s", strings.Join(append(names, "*.tiktoken"), ", "))
}

// Parse reads the contents of a tokenizer.json.
func Parse(data []byte) (*Tokenizer, error) {
	f, err := readFile(data)
	if err != nil {
		return nil, err
	}
	return f.build()
}

// folderConfig is what tokenizer_config.json says of a tokenizer that is not written as tokenizer.json.
type folderConfig struct {
	Class          string                `json:"tokenizer_class"`
	AddPrefixSpace bool                  `json:"add_prefix_space"`
	Added          map[string]AddedToken `json:"added_tokens_decoder"`
}

// loadVocab reads vocab.json and merges.txt. The class in tokenizer_config.json says how to cut words; without one it is GPT-2.
func loadVocab(dir string) (*Tokenizer, error) {
	var c folderConfig
	data, err := lfs.ReadFile(filepath.Join(dir, "tokenizer_config.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(data, &c); err != nil {
			return nil, fmt.Errorf("tokenizer_config.json: %w", err)
		}
	}
	vocab, err := lfs.ReadFile(filepath.Join(dir, "vocab.json"))
	if err != nil {
		return nil, err
	}
	merges, err := lfs.ReadFile(filepath.Join(dir, "merges.txt"))
	if err != nil {
		return nil, err
	}
	added, err := c.added()
	if err != nil {
		return nil, err
	}
	return ParseVocab(vocab, merges, VocabConfig{Class: c.Class, PrefixSpace: c.AddPrefixSpace, Added: added})
}

func (c folderConfig) added() ([]AddedToken, error) {
	var out []AddedToken
	for id, token := range c.Added {
		if _, err := fmt.Sscan(id, &token.ID); err != nil {
			return nil, fmt.Errorf("tokenizer_config.json: added token id %q: %w", id, err)
		}
		out = append(out, token)
	}
	return out, nil
}

// VocabConfig is what vocab.json and merges.txt do not say.
type VocabConfig struct {
	Class       string // tokenizer_class of tokenizer_config.json; "" = that of GPT-2
	PrefixSpace bool   // a space is put before a text that has none
	Added       []AddedToken
}

// ParseVocab reads the contents of a vocab.json and a merges.txt of byte-level BPE.
func ParseVocab(vocab, merges []byte, c VocabConfig) (*Tokenizer, error) {
	config := subword.BPEConfig{}
	if err := json.Unmarshal(vocab, &config.Vocab); err != nil {
		return nil, fmt.Errorf("vocab.json: %w", err)
	}
	if err := checkRange(config.Vocab); err != nil {
		return nil, fmt.Errorf("vocab.json: %w", err)
	}
	list, err := parseMerges(strings.Split(strings.TrimRight(strings.ReplaceAll(string(merges), "\r\n", "\n"), "\n"), "\n"))
	if err != nil {
		return nil, fmt.Errorf("merges.txt: %w", err)
	}
	config.Merges = list
	model, err := subword.NewBPE(config)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{model: model, template: plainTemplate(), decoder: []decoder{joinBytes}, joinsBytes: true}
	class := strings.TrimSuffix(c.Class, "Fast")
	switch class {
	case "", "GPT2Tokenizer":
		t.splitters, err = byteLevelSplitters(c.PrefixSpace, true)
	case "RobertaTokenizer":
		t.splitters, err = byteLevelSplitters(c.PrefixSpace, true)
		t.template = robertaTemplate(config.Vocab["<s>"], config.Vocab["</s>"])
		t.trim = []trim{{c.PrefixSpace}}
	case "Qwen2Tokenizer":
		t.normalize = []normalizer{func(t *aligned.Text) { t.Form(aligned.NFC) }}
		var words *pattern.Pattern
		if words, err = pattern.Compile(pattern.Qwen2, pattern.Oniguruma); err == nil {
			t.splitters, err = byteLevelSplitters(false, false)
			t.splitters = append([]splitter{isolator{words}}, t.splitters...)
		}
	default:
		err = fmt.Errorf("tokenizer_class %q with vocab.json is not known", c.Class)
	}
	if err != nil {
		return nil, err
	}
	t.takeBytes(true)
	if c.Added == nil {
		c.Added = usualSpecial(class, config.Vocab)
	}
	if t.added, err = newAdded(c.Added, t); err != nil {
		return nil, err
	}
	t.finish()
	return t, nil
}

// usualSpecial are the special tokens that the vocabularies of a class have, where nothing says which are.
func usualSpecial(class string, vocab map[string]int32) []AddedToken {
	names := []string{"<|endoftext|>"}
	if class == "RobertaTokenizer" {
		names = []string{"<s>", "<pad>", "</s>", "<unk>", "<mask>"}
	}
	var out []AddedToken
	for _, s := range names {
		if id, ok := vocab[s]; ok {
			out = append(out, AddedToken{ID: id, Content: s, Special: true, LStrip: s == "<mask>"})
		}
	}
	return out
}
