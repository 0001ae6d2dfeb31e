package eval

import (
	"slices"
	"strings"

	"fettle/internal/chat"
	"fettle/internal/tokenizer"
	"fettle/schemas"
)

// chatSpeaker asks as the model's chat template has a user ask, in the tokens that format would train on.
type chatSpeaker struct {
	template  *chat.Template
	tokenizer *tokenizer.Tokenizer
}

func openSpeaker(dir string) (*chatSpeaker, error) {
	t, err := chat.Load(dir)
	if err != nil {
		return nil, err
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return nil, err
	}
	return &chatSpeaker{t, tok}, nil
}

// Prompt implements speaker.
func (s *chatSpeaker) Prompt(message string) ([]int32, error) {
	c := schemas.Conversation{Messages: []schemas.Message{{Role: "user", Content: message}}}
	rendered, err := s.template.Render(c, chat.RenderOptions{Mode: chat.Generation})
	if err != nil {
		return nil, err
	}
	return s.encode(rendered.Text, strings.TrimSpace(message)), nil
}

// encode turns a rendered prompt into tokens. What a user or a document writes is text, even where it reads like a special
// token: only then the message is encoded apart from the template around it.
func (s *chatSpeaker) encode(text, message string) []int32 {
	plain := tokenizer.Options{PlainSpecial: true, PlainAdded: true}
	at := strings.Index(text, message)
	if at < 0 || slices.Equal(s.tokenizer.Encode(message, tokenizer.Options{}), s.tokenizer.Encode(message, plain)) {
		return s.tokenizer.Encode(text, tokenizer.Options{})
	}
	out := s.tokenizer.Encode(text[:at], tokenizer.Options{})
	out = append(out, s.tokenizer.Encode(message, plain)...)
	return append(out, s.tokenizer.Encode(text[at+len(message):], tokenizer.Options{})...)
}

// Text implements speaker.
func (s *chatSpeaker) Text(tokens []int32) string {
	return strings.TrimSpace(s.tokenizer.Decode(tokens, true))
}
