package export

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fettle/internal/chat"
	"fettle/internal/tokenizer"
	"fettle/schemas"
)

// speaker is a tokenizer with a chat template; either may be missing.
type speaker struct {
	tokens   *tokenizer.Tokenizer
	template *chat.Template
}

// probeTime is the clock of templates that print a date.
var probeTime = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func message(role, content string) schemas.Message {
	return schemas.Message{Role: role, Content: content}
}

// chats are what both sides of the gate say: with and without a system message, of several turns, in several scripts.
var chats = [][]schemas.Message{
	{message("user", "Where does the river Rhine begin?")},
	{message("system", "Answer in one sentence."), message("user", "Name 3 metals, e.g. copper.")},
	{message("user", "Hello!"), message("assistant", "Hi, how can I help?"), message("user", "Translate: 机器学习 is fun \U0001f600\n\n\tdone.")},
}

// say renders each chat that the template takes and encodes it; a chat that it refuses gives nil.
func (s speaker) say() (ids [][]int32) {
	for _, c := range chats {
		if s.tokens == nil || s.template == nil {
			break
		}
		r, err := s.template.Render(schemas.Conversation{Messages: c}, chat.RenderOptions{Mode: chat.Generation, Now: probeTime})
		if err != nil {
			ids = append(ids, nil)
			continue
		}
		ids = append(ids, s.tokens.Encode(r.Text, tokenizer.Options{}))
	}
	return ids
}

// speaker reads the tokenizer and the template of the base, and says in notes what is missing.
func (s *Source) speaker() (sp speaker, notes []string) {
	var err error
	if sp.tokens, err = tokenizer.Load(s.Dir); err != nil {
		return sp, []string{"no ids compared: " + s.pathless(err)}
	}
	if sp.template, err = chat.Load(s.Dir); err != nil {
		notes = append(notes, "no chat compared: "+s.pathless(err))
		sp.template = nil
	}
	return sp, notes
}

// compareIDs checks that two speakers turn every chat, and plain texts, into the same ids; it returns how many they are.
func compareIDs(want, got speaker) (int, error) {
	if want.tokens == nil {
		return 0, nil
	}
	n := 0
	for _, c := range chats {
		for _, m := range c {
			o := tokenizer.Options{AddSpecial: true}
			a, b := want.tokens.Encode(m.Content, o), got.tokens.Encode(m.Content, o)
			if !slices.Equal(a, b) {
				return n, fmt.Errorf("%q has ids %v, read back %v", m.Content, a, b)
			}
			n += len(a)
		}
	}
	a, b := want.say(), got.say()
	for i := range a {
		if len(b) != len(a) || !slices.Equal(a[i], b[i]) {
			return n, fmt.Errorf("chat %d has other ids when read back", i+1)
		}
		n += len(a[i])
	}
	return n, nil
}

// probeIDs is the row that logits are compared on: the longest chat, or where there is none, ids spread over the vocabulary.
func (s speaker) probeIDs(vocab int) []int32 {
	const most = 64 // positions: enough for every part of a model, cheap on a CPU
	var row []int32
	for _, ids := range s.say() {
		if len(ids) > len(row) {
			row = ids
		}
	}
	for i := 0; len(row) < 24; i++ {
		row = append(row, int32((i*7919+1)%vocab))
	}
	return row[:min(len(row), most)]
}

// pathless is an error for a model card: where the base lay on this machine says nothing elsewhere.
func (s *Source) pathless(err error) string { return strings.ReplaceAll(err.Error(), s.Dir, s.Base) }
