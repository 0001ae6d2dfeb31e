package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"fettle/internal/chat"
)

// chatTemplates are the files that say the base's chat template, in both of the forms that programs read, with the same text: files
// of their own, which transformers has preferred since 4.51 and some servers never look for, and the key chat_template of
// tokenizer_config.json. A base has one of the two as a rule. Nothing where the base has no template.
func (s *Source) chatTemplates() (map[string][]byte, error) {
	all, err := chat.Sources(s.Dir)
	if errors.Is(err, chat.ErrNone) || errors.Is(err, fs.ErrNotExist) {
		return map[string][]byte{}, nil
	}
	if err != nil {
		return nil, err
	}
	files, names := map[string][]byte{}, slices.Sorted(maps.Keys(all))
	for _, name := range names {
		files[templateFile(name)] = []byte(all[name].Text)
	}
	config, err := readObject(filepath.Join(s.Dir, tokenizerConfig))
	if errors.Is(err, fs.ErrNotExist) {
		return files, nil
	}
	if err != nil {
		return nil, err
	}
	config["chat_template"] = templateKey(all, names)
	files[tokenizerConfig], err = unescaped(config)
	if was, err := os.ReadFile(filepath.Join(s.Dir, tokenizerConfig)); err == nil && sameJSON(was, files[tokenizerConfig]) {
		delete(files, tokenizerConfig) // says so already: copied as it is
	}
	return files, err
}

const tokenizerConfig = "tokenizer_config.json"

// templateFile is where transformers keeps the template of a name.
func templateFile(name string) string {
	if name == "default" {
		return "chat_template.jinja"
	}
	return filepath.Join("additional_chat_templates", name+".jinja")
}

// templateKey is the value of chat_template: a text, or where there are several a list of them by name.
func templateKey(all map[string]chat.Source, names []string) any {
	type named struct {
		Name     string `json:"name"`
		Template string `json:"template"`
	}
	if len(names) == 1 && names[0] == "default" {
		return all["default"].Text
	}
	var list []named
	for _, name := range names {
		list = append(list, named{name, all[name].Text})
	}
	return list
}

// unescaped writes JSON for people to read: templates are full of <, > and &.
func unescaped(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

// sameJSON says whether two files hold the same value.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
