package hub

import (
	"encoding/json"
	"errors"
	"fmt"
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
	weights := weightsOf(all)
	want := func(name string) bool { return matches(name, needed) || weights(name) }
	if len(globs) > 0 {
		want = func(name string) bool { return matches(name, globs) }
	}
	var chosen []File
	for _, f := range all {
		if !want(f.Path) {
			continue
		}
		if isPickle(f.Path) {
			return nil, fmt.Errorf("%s: pickled weights can run code when they are read, fettle brings safetensors only", f.Path)
		}
		chosen = append(chosen, f)
	}
	slices.SortFunc(chosen, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	switch {
	case len(chosen) == 0 && len(globs) > 0:
		return nil, fmt.Errorf("no file matches %s", strings.Join(globs, ", "))
	case len(globs) == 0 && !slices.ContainsFunc(chosen, func(f File) bool { return path.Ext(f.Path) == ".safetensors" }):
		return nil, noSafetensors(all)
	}
	return chosen, clashes(chosen)
}

// weightsOf tells weights by their names: model.safetensors or its shards and index; where a repository has none of these, every
// safetensors file at its top (Mistral's consolidated.safetensors beside them is the same weights again).
func weightsOf(all []File) func(name string) bool {
	usual := slices.ContainsFunc(all, func(f File) bool { return mainWeights.MatchString(f.Path) })
	return func(name string) bool {
		if strings.Contains(name, "/") || !strings.HasSuffix(name, ".safetensors") && !strings.HasSuffix(name, ".safetensors.index.json") {
			return false
		}
		return name == indexName || mainWeights.MatchString(name) || !usual
	}
}

// noSafetensors says what there is instead.
func noSafetensors(all []File) error {
	for _, f := range all {
		ext := strings.ToLower(path.Ext(f.Path))
		switch {
		case strings.Contains(f.Path, "/"):
		case isPickle(f.Path):
			return fmt.Errorf("the repository holds its weights as pickles only (%s), which can run code when they are read: look for a copy with "+
				"safetensors, often the revision @refs/pr/N of a conversion that somebody proposed there", f.Path)
		case ext == ".gguf" || ext == ".onnx":
			return fmt.Errorf("the repository holds no safetensors at its top (but %s): -include GLOB brings other files", f.Path)
		}
	}
	return errors.New("the repository holds no safetensors at its top: -include GLOB brings other files")
}

func isPickle(name string) bool { return slices.Contains(pickles, strings.ToLower(path.Ext(name))) }

// globsOf are the globs that a pull's files match, but for the weights, which lie at the top.
func globsOf(include []string) []string {
	if len(include) > 0 {
		return include
	}
	return needed
}

func matches(name string, globs []string) bool {
	for _, g := range globs {
		if ok, _ := path.Match(g, name); ok {
			return true
		}
	}
	return false
}

// reaches: may one of the globs name something below the folder?
func reaches(globs []string, folder string) bool {
	depth := strings.Count(folder, "/") + 1
	return slices.ContainsFunc(globs, func(g string) bool {
		parts := strings.Split(g, "/")
		if len(parts) <= depth {
			return false
		}
		ok, _ := path.Match(strings.Join(parts[:depth], "/"), folder)
		return ok
	})
}

// missingShards names the files that an index tells of and a pull does not bring.
func missingShards(index []byte, brought []File) ([]string, error) {
	var parsed struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(index, &parsed); err != nil {
		return nil, fmt.Errorf("read %s: %w", indexName, err)
	}
	known := map[string]bool{}
	for _, f := range brought {
		known[f.Path] = true
	}
	var missing []string
	for _, shard := range parsed.WeightMap {
		if !known[shard] {
			missing, known[shard] = append(missing, plain(shard)), true
		}
	}
	slices.Sort(missing)
	return missing, nil
}
