package modeldir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/disk"
)

// files are the names of what is read of a model directory, by part: a file that is not among them has no influence, whatever
// else a hub delivers (README, licences, images, other programs' weights).
type files struct{ config, tokenizer, template, weights []string }

func list(dir string) (files, error) {
	weights, err := weightFiles(dir)
	return files{
		config:    present(dir, "config.json", "generation_config.json"),
		tokenizer: append(vocabulary(dir), present(dir, "tokenizer_config.json", "special_tokens_map.json")...),
		template:  append(present(dir, "chat_template.jinja"), below(dir, "additional_chat_templates", "*.jinja")...),
		weights:   weights,
	}, err
}

// Texts are the files of the tokenizer and the chat template: what a tuned model takes from its base beside the configuration.
func Texts(dir string) ([]string, error) {
	f, err := list(dir)
	return append(f.tokenizer, f.template...), err
}

func present(dir string, names ...string) (out []string) {
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); !errors.Is(err, fs.ErrNotExist) {
			out = append(out, name)
		}
	}
	return out
}

// below are the files of a folder that match, in their order, with / between.
func below(dir string, pattern ...string) (out []string) {
	for _, name := range disk.Glob(dir, strings.Join(pattern, "/")) {
		if rel, err := filepath.Rel(dir, name); err == nil {
			out = append(out, filepath.ToSlash(rel))
		}
	}
	return out
}

// vocabulary is the first form of tokenizer that the folder has, as the tokenizer loads it.
func vocabulary(dir string) []string {
	for _, form := range [][]string{{"tokenizer.json"}, {"tokenizer.model"}, {"vocab.json", "merges.txt"}} {
		if found := present(dir, form...); len(found) > 0 && found[0] == form[0] {
			return found
		}
	}
	return below(dir, "*.tiktoken")
}

// weightFiles are the files that the weights are read from: model.safetensors, else the index and its shards, else what there is.
func weightFiles(dir string) ([]string, error) {
	if one := present(dir, "model.safetensors"); len(one) > 0 {
		return one, nil
	}
	const index = "model.safetensors.index.json"
	raw, err := os.ReadFile(filepath.Join(dir, index))
	if errors.Is(err, fs.ErrNotExist) {
		return below(dir, "*.safetensors"), nil
	}
	var shards struct {
		Map map[string]string `json:"weight_map"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &shards)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", index, err)
	}
	of := map[string]bool{}
	for _, shard := range shards.Map {
		of[shard] = true
	}
	return append([]string{index}, slices.Sorted(maps.Keys(of))...), nil
}
