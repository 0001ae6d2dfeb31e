package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"fettle/internal/disk"
	"fettle/internal/jinja"
	"fettle/internal/lfs"
)

// Template is the chat template of a model. It is safe for use by several goroutines once set up.
type Template struct {
	// Special are the tokenizer's special tokens that templates read as variables: bos_token, eos_token ...; one that is not
	// set is undefined in the template.
	Special map[string]string
	// EndOfTurn are the texts that end an assistant's turn; the first behind its content is trained with it.
	EndOfTurn []string

	text    string // of all templates
	main    *jinja.Template
	toolUse *jinja.Template // used instead where tools are given, as transformers does; nil = none
	markers bool            // main has {% generation %} blocks

	asked, probed sync.Once
	textArgs      bool   // the arguments of calls must be texts
	shown         string // a short conversation as the template prints it
}

// ErrNone says that a directory has no template at all, rather than a broken one.
var ErrNone = errors.New("neither chat_template.jinja nor chat_template")

// Load reads the template of a model directory: chat_template.jinja (and additional_chat_templates/), else the key
// chat_template of tokenizer_config.json, a text or a list of {name, template}.
func Load(dir string) (*Template, error) {
	config, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	texts, err := config.templates(dir)
	if err != nil {
		return nil, err
	}
	t, err := New(texts)
	if err != nil {
		return nil, err
	}
	t.Special = config.special()
	t.EndOfTurn, err = endOfTurn(dir, t, config)
	return t, err
}

// Sources are the templates of a model directory by name.
func Sources(dir string) (map[string]Source, error) {
	config, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	return config.templates(dir)
}

// Source is one template text and the name that errors give it.
type Source struct{ File, Text string }

// New parses templates by name; "default" is needed unless there is only one, "tool_use" renders conversations with tools.
func New(sources map[string]Source) (*Template, error) {
	main, ok := sources["default"]
	if !ok && len(sources) == 1 {
		for _, only := range sources {
			main = only
		}
	} else if !ok {
		return nil, errors.New("chat template: of several templates none is named default")
	}
	t := &Template{markers: generationTag.MatchString(main.Text), text: main.Text + sources["tool_use"].Text}
	var err error
	if t.main, err = jinja.Parse(main.File, main.Text); err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	if tool, ok := sources["tool_use"]; ok {
		t.toolUse, err = jinja.Parse(tool.File, tool.Text)
	}
	if err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	return t, nil
}

// tokenizerConfig is what tokenizer_config.json says of templates and special tokens.
type tokenizerConfig struct {
	fields map[string]json.RawMessage
}

func readConfig(dir string) (*tokenizerConfig, error) {
	c := &tokenizerConfig{fields: map[string]json.RawMessage{}}
	for _, name := range []string{"special_tokens_map.json", "tokenizer_config.json"} {
		if err := readJSON(filepath.Join(dir, name), &c.fields); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// readJSON decodes a file into dst; an absent file leaves dst as it is.
func readJSON(path string, dst any) error {
	data, err := lfs.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, dst); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

func (c *tokenizerConfig) templates(dir string) (map[string]Source, error) {
	out, err := templateFiles(dir)
	if err != nil || len(out) > 0 {
		return out, err
	}
	const file = "tokenizer_config.json"
	raw, ok := c.fields["chat_template"]
	if !ok || string(raw) == "null" {
		return nil, fmt.Errorf("chat template: %s has %w in %s", dir, ErrNone, file)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return map[string]Source{"default": {file, text}}, nil
	}
	var named []struct{ Name, Template string }
	if err := json.Unmarshal(raw, &named); err != nil {
		return nil, fmt.Errorf("chat template: %s: chat_template is neither a text nor a list of {name, template}: %w", file, err)
	}
	for _, n := range named {
		out[n.Name] = Source{file + "#" + n.Name, n.Template}
	}
	return out, nil
}

func templateFiles(dir string) (map[string]Source, error) {
	out := map[string]Source{}
	for _, path := range append(disk.Glob(dir, "additional_chat_templates/*.jinja"), filepath.Join(dir, "chat_template.jinja")) {
		text, err := lfs.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".jinja")
		if name == "chat_template" {
			name = "default"
		}
		out[name] = Source{filepath.Base(path), string(text)}
	}
	return out, nil
}

// special reads the tokens that are set; a token is a text or an object with its text as content.
func (c *tokenizerConfig) special() map[string]string {
	out := map[string]string{}
	for _, name := range []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"} {
		var text string
		var token struct{ Content string }
		if json.Unmarshal(c.fields[name], &text) != nil && json.Unmarshal(c.fields[name], &token) == nil {
			text = token.Content
		}
		if text != "" {
			out[name] = text
		}
	}
	return out
}
