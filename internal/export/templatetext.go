package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// templateText is the text of a model's default chat template: chat_template.jinja, else tokenizer_config.json.
func templateText(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "chat_template.jinja"))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return string(text), err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "tokenizer_config.json"))
	if err != nil {
		return "", err
	}
	var config struct {
		Template json.RawMessage `json:"chat_template"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return "", fmt.Errorf("read tokenizer_config.json: %w", err)
	}
	var one string
	if json.Unmarshal(config.Template, &one) == nil && one != "" {
		return one, nil
	}
	var named []struct{ Name, Template string }
	if err := json.Unmarshal(config.Template, &named); err != nil {
		return "", fmt.Errorf("read tokenizer_config.json: chat_template is neither a text nor a list")
	}
	for _, n := range named {
		if n.Name == "default" {
			return n.Template, nil
		}
	}
	return "", errors.New("read tokenizer_config.json: no chat template is named default")
}
