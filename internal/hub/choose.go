package hub

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Small files at the top of a repository that a model needs. Never .bin, .pt, .gguf, .onnx: the same weights once more.
var needed = []string{
	"config.json", "generation_config.json", "adapter_config.json", "quantize_config.json",
	"tokenizer*.json", "tokenizer*.model", "*.tiktoken", "tiktoken.model", "spiece.model", "sentencepiece*.model",
	"vocab.json", "vocab.txt", "merges.txt", "special_tokens_map.json", "added_tokens.json",
	"chat_template*", "additional_chat_templates/*.jinja", "LICENSE*", "LICENCE*", "NOTICE*",
}

var (
	mainWeights = regexp.MustCompile(`^model(-\d+-of-\d+)?\.safetensors$`)
	pickles     = []string{".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
)

const indexName = "model.safetensors.index.json"

// choose picks what a pull brings: the needed files or, where globs are given, the files that match one of them.
func choose(all []File, globs []string) ([]File, error) {
	for _, f := range all {
		if err := safePath(f.Path); err != nil {
			return nil, err
		}
	}
	want := func(name string) bool { return matches(name, needed) || isWeights(name, all) }
	if len(globs) > 0 {
		want = func(name string) bool { return matches(name, globs) }
	}
	var chosen []File
	for _, f := range all {
		if !want(f.Path) {
			continue
		}
		if slices.Contains(pickles, strings.ToLower(path.Ext(f.Path))) {
			return nil, fmt.Errorf("%s: pickled weights can run code when they are read, fettle brings safetensors only", f.Path)
		}
		chosen = append(chosen, f)
	}
	slices.SortFunc(chosen, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	switch {
	case len(chosen) == 0 && len(globs) > 0:
		return nil, fmt.Errorf("no file matches %s", strings.Join(globs, ", "))
	case len(globs) == 0 && !slices.ContainsFunc(chosen, func(f File) bool { return path.Ext(f.Path) == ".safetensors" }):
		return nil, fmt.Errorf("the repository holds no safetensors at its top%s: -include GLOB brings other files", otherWeights(all))
	}
	for i := 1; i < len(chosen); i++ {
		if chosen[i].Path == chosen[i-1].Path {
			return nil, fmt.Errorf("the hub lists %s twice", chosen[i].Path)
		}
	}
	return chosen, nil
}

// isWeights: model.safetensors or its shards and index; where a repository has none of these, every safetensors file at its top
// (Mistral's consolidated.safetensors beside them is the same weights again).
func isWeights(name string, all []File) bool {
	if strings.Contains(name, "/") || !strings.HasSuffix(name, ".safetensors") && !strings.HasSuffix(name, ".safetensors.index.json") {
		return false
	}
	if name == indexName || mainWeights.MatchString(name) {
		return true
	}
	return !slices.ContainsFunc(all, func(f File) bool { return mainWeights.MatchString(f.Path) })
}

func otherWeights(all []File) string {
	for _, f := range all {
		if ext := path.Ext(f.Path); slices.Contains(pickles, ext) || ext == ".gguf" || ext == ".onnx" {
			return " (but " + f.Path + ")"
		}
	}
	return ""
}

func matches(name string, globs []string) bool {
	for _, g := range globs {
		if ok, _ := path.Match(g, name); ok {
			return true
		}
	}
	return false
}

// safePath refuses names that could leave the folder or clash with a pull's own files.
func safePath(name string) error {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if !fs.ValidPath(name) || name == "." || strings.Contains(name, `\`) || strings.ContainsFunc(name, control) {
		return fmt.Errorf("the hub lists a file named %q, which could be written outside of the folder: nothing is brought", name)
	}
	if base := path.Base(name); base == RecordName || strings.HasSuffix(base, partSuffix) {
		return fmt.Errorf("the hub lists a file named %q, a name that a pull uses itself: nothing is brought", name)
	}
	return nil
}

// missingShards names the files that an index tells of and the listing lacks.
func missingShards(index []byte, have []File) ([]string, error) {
	var parsed struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(index, &parsed); err != nil {
		return nil, fmt.Errorf("read %s: %w", indexName, err)
	}
	var missing []string
	for _, shard := range parsed.WeightMap {
		known := slices.ContainsFunc(have, func(f File) bool { return f.Path == shard })
		if !known && !slices.Contains(missing, shard) {
			missing = append(missing, shard)
		}
	}
	slices.Sort(missing)
	return missing, nil
}
