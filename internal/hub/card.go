package hub

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

// card is the head of a repository's README; its license is a string or a list.
type card struct {
	License json.RawMessage `json:"license"`
	Name    string          `json:"license_name"`
	Link    string          `json:"license_link"`
}

func (c card) license(tags []string) string {
	var one string
	var several []string
	if json.Unmarshal(c.License, &one) != nil && json.Unmarshal(c.License, &several) == nil {
		one = strings.Join(several, ", ")
	}
	for _, tag := range tags {
		if name, ok := strings.CutPrefix(tag, "license:"); ok && one == "" {
			one = name
		}
	}
	if c.Name != "" && (one == "" || one == "other") {
		one = c.Name
	}
	if strings.HasPrefix(c.Link, "https://") {
		one = strings.TrimSpace(one + " " + c.Link)
	}
	return one
}

// cardOf reads the licence in the head of a README.md: YAML between two lines of dashes. "" = there is none.
func cardOf(dir string) string {
	raw, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		return ""
	}
	text, ok := strings.CutPrefix(strings.ReplaceAll(string(raw), "\r\n", "\n"), "---\n")
	head, _, closed := strings.Cut(text, "\n---")
	if !ok || !closed {
		return ""
	}
	var c card
	if raw, err = yaml.YAMLToJSON([]byte(head)); err != nil || json.Unmarshal(raw, &c) != nil {
		return ""
	}
	return c.license(nil)
}
