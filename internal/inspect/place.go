package inspect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fettle/internal/disk"
)

// sign is what a folder without config.json can hold, and what that makes of it. %s is the first file that shows it.
type sign struct{ pattern, says string }

var signs = []sign{
	{"manifest.json", "it is an artifact of fettle (%s): `fettle show` and `fettle list` read those"},
	{"*/config.json", "a model lies beneath it: inspect the folder of %s"},
	{"*/*/config.json", "a model lies beneath it: inspect the folder of %s"},
	{"consolidated*", "it holds weights in a form other than Hugging Face's (%s): take the repository's Hugging Face form"},
	{"*.gguf", "it holds a GGUF file (%s), which fettle writes and does not read: inspect the safetensors directory that it was made from"},
	{"*.safetensors", "it holds weights (%s), but the file that says of what model is missing: fetch the whole repository with `fettle pull`"},
	{"*.bin", "it holds weights (%s), but the file that says of what model is missing: fetch the whole repository with `fettle pull`"},
	{"*.jsonl", "it holds data (%s), no model"},
	{"*.parquet", "it holds data (%s), no model"},
	{"*.csv", "it holds data (%s), no model"},
	{"*/*.jsonl", "it holds data (%s), no model"},
	{"*/*.parquet", "it holds data (%s), no model"},
	{"*", "a model's folder holds config.json, tokenizer.json and model.safetensors; here lies %s"},
}

// noModel says what lies at a path that has no config.json, as far as it shows.
func noModel(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("inspect: there is no %s", path)
	case err != nil:
		return fmt.Errorf("inspect: %w", err)
	case !info.IsDir() && strings.HasSuffix(path, ".gguf"):
		return fmt.Errorf("inspect: %s is a GGUF file, which fettle writes and does not read: inspect the safetensors directory that it was made from", path)
	case !info.IsDir():
		return fmt.Errorf("inspect: %s is a file: want the folder of a model (here: %s)", path, filepath.Dir(path))
	}
	if says := adapter(path); says != "" {
		return fmt.Errorf("inspect: %s has no config.json: %s", path, says)
	}
	for _, s := range signs {
		if found := disk.Glob(path, s.pattern); len(found) > 0 {
			first, _ := filepath.Rel(path, found[0])
			return fmt.Errorf("inspect: %s has no config.json: %s", path, fmt.Sprintf(s.says, first))
		}
	}
	return fmt.Errorf("inspect: %s is empty", path)
}

// adapter tells of a PEFT adapter: rank and base as its config gives them; "" for a folder that is none.
func adapter(dir string) string {
	raw, err := os.ReadFile(filepath.Join(dir, "adapter_config.json"))
	if err != nil {
		return ""
	}
	var c struct {
		Base string `json:"base_model_name_or_path"`
		Type string `json:"peft_type"`
		Rank int    `json:"r"`
	}
	if json.Unmarshal(raw, &c) != nil {
		return "it is an adapter with a broken adapter_config.json"
	}
	base := c.Base
	if base == "" {
		base = "a base that it does not name"
	}
	return fmt.Sprintf("it is an adapter (%s, rank %d) on %s, no model by itself: inspect the base, or join them with `fettle export -model BASE -adapter %s -format merged -to DIR`", c.Type, c.Rank, base, dir)
}
