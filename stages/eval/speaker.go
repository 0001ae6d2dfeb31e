package eval

import (
	"strings"

	"fettle/internal/tokenizer"
)

// chatSpeaker asks as the model's chat template has a user ask.
type chatSpeaker struct {
	tokenizer *tokenizer.Tokenizer
}

func openSpeaker(dir string) (speaker, error) {
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return nil, err
	}
	return &chatSpeaker{tok}, nil
}

// Prompt implements speaker.
func (s *chatSpeaker) Prompt(message string) ([]int32, error) {
	return s.tokenizer.Encode(message, tokenizer.Options{}), nil
}

// Text implements speaker.
func (s *chatSpeaker) Text(tokens []int32) string {
	return strings.TrimSpace(s.tokenizer.Decode(tokens, true))
}
