package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"fettle/internal/answer"
	"fettle/internal/chat"
	"fettle/internal/jinja/py"
	"fettle/internal/tokenizer"
	"fettle/internal/tokenizer/subword"
)

// Language is how a model reads and writes: its tokenizer and its chat template.
type Language struct {
	Tokenizer *tokenizer.Tokenizer
	Now       time.Time    // what a template that asks for the date sees; zero = the time of the request
	Form      *answer.Form // how the model marks reasoning and calls in what it says

	template   *chat.Template
	noTemplate error
	guarded    []string // texts of tokens that open, end or part turns
	reference  []int32  // an ordinary token: other tokens are spelled behind it
}

// OpenLanguage reads tokenizer and template of a model directory. A model without a template can complete but not chat.
func OpenLanguage(dir string) (*Language, error) {
	t, err := tokenizer.Load(dir)
	if err != nil {
		return nil, err
	}
	l := &Language{Tokenizer: t, Form: &answer.Form{}, reference: t.Encode("a", tokenizer.Options{})}
	if l.template, l.noTemplate = chat.Load(dir); l.noTemplate != nil && hasTemplate(dir) {
		return nil, l.noTemplate // there is one, and it is broken
	}
	shown, added := l.probe(), []string{}
	for _, a := range t.Added() {
		added = append(added, a.Content)
		if a.Content != "" && (a.Special || strings.Contains(shown, a.Content) || l.template != nil && slices.Contains(l.template.EndOfTurn, a.Content)) {
			l.guarded = append(l.guarded, a.Content)
		}
	}
	if l.template != nil {
		l.Form = l.template.Form(added)
	}
	slices.SortFunc(l.guarded, func(a, b string) int { return len(b) - len(a) })
	return l, nil
}

func hasTemplate(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, "chat_template.jinja")); err == nil {
		return true
	}
	var config struct {
		Template json.RawMessage `json:"chat_template"`
	}
	raw, err := os.ReadFile(filepath.Join(dir, "tokenizer_config.json"))
	return err == nil && json.Unmarshal(raw, &config) == nil && len(config.Template) > 0 && string(config.Template) != "null"
}

// probe is a conversation as the template prints it: what tokens part its turns.
func (l *Language) probe() string {
	if l.template == nil {
		return ""
	}
	in := chat.Input{Messages: []*py.Dict{py.Pairs("role", "user", "content", "x"), py.Pairs("role", "assistant", "content", "y"), py.Pairs("role", "user", "content", "z")}}
	r, err := l.template.RenderInput(in, chat.RenderOptions{Mode: chat.Generation, Now: time.Unix(0, 0).UTC()})
	if err != nil {
		return ""
	}
	return r.Text
}

// Ends are the tokens that end the assistant's turn, beside the model's own end tokens.
func (l *Language) Ends() (ids []int32) {
	if l.template == nil {
		return nil
	}
	for _, text := range l.template.EndOfTurn {
		if id, ok := l.Tokenizer.TokenID(text); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// Prompt renders a conversation and turns it into tokens. What anyone but the assistant and the template says is text, even
// where it reads like a token that parts turns.
func (l *Language) Prompt(in chat.Input, o chat.RenderOptions) ([]int32, error) {
	if l.noTemplate != nil {
		return nil, l.noTemplate
	}
	if o.Now.IsZero() {
		if o.Now = l.Now; o.Now.IsZero() {
			o.Now = time.Now()
		}
	}
	mark, err := l.guard(&in)
	if err != nil {
		return nil, err
	}
	r, err := l.template.RenderInput(l.template.Suit(in), o)
	if err != nil {
		return nil, err
	}
	return l.encode(r.Text, mark), nil
}

// guard puts a mark that occurs nowhere else into the guarded tokens that the messages spell; 0 = there are none.
func (l *Language) guard(in *chat.Input) (mark rune, err error) {
	all := py.List{}
	for _, m := range in.Messages {
		all = append(all, m)
	}
	said := py.ToJSON(py.List{all, in.Tools}, py.JSONStyle{})
	if !slices.ContainsFunc(l.guarded, func(token string) bool { return strings.Contains(said, token) || strings.ContainsAny(token, `"\`) }) {
		return 0, nil
	}
	for mark = 0xF0000; strings.ContainsRune(said, mark); mark++ { // a plane for private use
		if mark == 0xFFFFD {
			return 0, errors.New("the messages use every private character: none is left to mark tokens in them")
		}
	}
	var pairs []string
	for _, token := range l.guarded {
		_, n := utf8.DecodeRuneInString(token)
		pairs = append(pairs, token, token[:n]+string(mark)+token[n:])
	}
	r := strings.NewReplacer(pairs...)
	messages := make([]*py.Dict, len(in.Messages))
	for i, m := range in.Messages {
		if role, _ := m.Get("role"); role != "assistant" { // what the model said may hold its own tokens, <think> say
			m = marked(m, r).(*py.Dict)
		}
		messages[i] = m
	}
	in.Messages = messages
	return mark, nil
}

// marked replaces in all texts of a value.
func marked(v any, r *strings.Replacer) any {
	switch v := v.(type) {
	case string:
		return r.Replace(v)
	case py.List:
		out := make(py.List, len(v))
		for i := range v {
			out[i] = marked(v[i], r)
		}
		return out
	case *py.Dict:
		out := &py.Dict{}
		for i := range v.Len() {
			key, value := v.At(i)
			out.Set(key, marked(value, r))
		}
		return out
	}
	return v
}

// encode turns rendered text into tokens; a token with a mark in it is text.
func (l *Language) encode(text string, mark rune) []int32 {
	var out []int32
	for mark != 0 {
		at := strings.IndexRune(text, mark)
		if at < 0 {
			break
		}
		_, first := utf8.DecodeLastRuneInString(text[:at])
		rest := text[at+utf8.RuneLen(mark):]
		word := text[at-first:at] + rest
		for _, token := range l.guarded {
			if strings.HasPrefix(word, token) {
				word = token
				break
			}
		}
		out = append(out, l.Tokenizer.Encode(text[:at-first], tokenizer.Options{})...)
		out = append(out, l.Tokenizer.Encode(word, tokenizer.Options{PlainSpecial: true, PlainAdded: true})...)
		text = rest[min(len(word)-first, len(rest)):]
	}
	return append(out, l.Tokenizer.Encode(text, tokenizer.Options{})...)
}

// Decode gives the text of generated tokens.
func (l *Language) Decode(ids []int32) string { return l.Tokenizer.Decode(ids, true) }

// Decoder gives the text of generated tokens, with those special tokens that are visible.
func (l *Language) Decoder(visible []string) func(ids []int32) string {
	hidden, all := map[int32]bool{}, true
	for _, a := range l.Tokenizer.Added() {
		switch {
		case l.Tokenizer.Decode([]int32{a.ID}, true) != "":
		case slices.Contains(visible, a.Content):
			all = false
		default:
			hidden[a.ID] = true
		}
	}
	if all {
		return l.Decode
	}
	return func(ids []int32) string {
		return l.Tokenizer.Decode(slices.DeleteFunc(slices.Clone(ids), func(id int32) bool { return hidden[id] }), false)
	}
}

// piece is what a token alone spells, and its bytes: they may be a part of a character.
func (l *Language) piece(id int32) (string, []byte) {
	before := l.Tokenizer.Decode(l.reference, false)
	text, ok := strings.CutPrefix(l.Tokenizer.Decode(append(slices.Clone(l.reference), id), false), before)
	if !ok || strings.Contains(text, "\ufffd") {
		spelling, _ := l.Tokenizer.Token(id)
		var b byte
		if n, err := fmt.Sscanf(spelling, "<0x%02X>", &b); n == 1 && err == nil {
			return printable([]byte{b})
		}
		if raw, ok := subword.AppendBytes(nil, spelling); ok {
			return printable(raw)
		}
	}
	return printable([]byte(text))
}

// printable spells bytes that are no text as OpenAI does.
func printable(raw []byte) (string, []byte) {
	if utf8.Valid(raw) {
		return string(raw), raw
	}
	var s strings.Builder
	s.WriteString("bytes:")
	for _, b := range raw {
		fmt.Fprintf(&s, `\x%02x`, b)
	}
	return s.String(), raw
}
