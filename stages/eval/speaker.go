package eval

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"fettle/internal/artifact"
	"fettle/internal/chat"
	"fettle/internal/prompt"
	"fettle/schemas"
)

// chatSpeaker asks as the model's chat template has a user ask, in the tokens that format would train on. What a user or a
// document writes is text, even where it reads like a special token.
type chatSpeaker struct {
	language *prompt.Language
	options  chat.RenderOptions
}

// openSpeaker reads tokenizer and template of a model directory; now is the day that the template sees.
func openSpeaker(dir string, now time.Time) (*chatSpeaker, error) {
	l, err := prompt.Open(dir)
	if err != nil {
		return nil, err
	}
	return &chatSpeaker{l, chat.RenderOptions{Mode: chat.Generation, Now: now}}, nil
}

// dateOf is the day that the training texts showed: a template that prints it shows the same in the questions.
func dateOf(format *artifact.Artifact) (now time.Time, err error) {
	var s struct {
		Date string `json:"date"`
	}
	if err := json.Unmarshal(format.Manifest.Parts.Settings, &s); err != nil {
		return now, fmt.Errorf("read the settings of %s: %w", format.Ref, err)
	}
	if s.Date == "" {
		return now, nil
	}
	return time.Parse(time.DateOnly, s.Date)
}

// Prompt implements speaker.
func (s *chatSpeaker) Prompt(message string) ([]int32, error) {
	rendered, err := s.language.RenderRow(schemas.Conversation{Messages: []schemas.Message{{Role: "user", Content: message}}}, s.options)
	if err != nil {
		return nil, err
	}
	return s.language.Encode(rendered), nil
}

// Text implements speaker.
func (s *chatSpeaker) Text(tokens []int32) string {
	return strings.TrimSpace(s.language.Decode(tokens))
}
