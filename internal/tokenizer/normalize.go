package tokenizer

import (
	"encoding/json"
	"fmt"

	"fettle/internal/tokenizer/aligned"
)

// A normalizer changes a text.
type normalizer func(t *aligned.Text)

// normalizers makes those of a tokenizer.json.
func normalizers(raw json.RawMessage) ([]normalizer, error) {
	var c struct {
		Type        string
		Normalizers []json.RawMessage
	}
	if isNull(raw) {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	switch c.Type {
	case "Sequence":
		var all []normalizer
		for _, raw := range c.Normalizers {
			n, err := normalizers(raw)
			if err != nil {
				return nil, err
			}
			all = append(all, n...)
		}
		return all, nil
	case "NFC":
		return []normalizer{func(t *aligned.Text) { t.Form(aligned.NFC) }}, nil
	}
	return nil, fmt.Errorf("normalizer %q is not known", c.Type)
}
