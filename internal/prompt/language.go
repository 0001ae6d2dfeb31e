package prompt

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fettle/internal/answer"
	"fettle/internal/chat"
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

// Open reads tokenizer and template of a model directory. A model without a template can complete but not chat.
func Open(dir string) (*Language, error) {
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return nil, err
	}
	template, err := chat.Load(dir)
	if err != nil && hasTemplate(dir) {
		return nil, err // there is one, and it is broken
	}
	l := New(template, tok)
	l.noTemplate = err
	return l, nil
}

// New makes the language of a template (nil = none) and a tokenizer.
func New(template *chat.Template, tok *tokenizer.Tokenizer) *Language {
	l := &Language{Tokenizer: tok, Form: &answer.Form{}, template: template, reference: tok.Encode("a", tokenizer.Options{})}
	added := []string{}
	for _, a := range tok.Added() {
		added = append(added, a.Content)
		if a.Content != "" && (a.Special || template != nil && parts(a.Content) && template.Prints(a.Content)) {
			l.guarded = append(l.guarded, a.Content)
		}
	}
	if template != nil {
		l.Form = template.Form(added)
	}
	slices.SortFunc(l.guarded, func(a, b string) int { return len(b) - len(a) })
	return l
}

// parts says whether a token can part what a template prints: white space and words are tokens of some vocabularies too.
func parts(token string) bool {
	return strings.ContainsFunc(token, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) })
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
// A template that asks for the date sees l.Now, or the time of the request.
func (l *Language) Prompt(in chat.Input, o chat.RenderOptions) ([]int32, error) {
	return l.Begun(in, o, "")
}

// Begun is Prompt with the beginning of the answer behind it; its tokens are those that the model's template prints (Opening).
func (l *Language) Begun(in chat.Input, o chat.RenderOptions, opening string) ([]int32, error) {
	if o.Now.IsZero() {
		if o.Now = l.Now; o.Now.IsZero() {
			o.Now = time.Now()
		}
	}
	r, err := l.Render(in, o)
	if err != nil {
		return nil, err
	}
	r.Text += opening
	return l.Encode(r), nil
}

// Opening is what an answer that must call a tool begins with: chat.Template.Opening.
func (l *Language) Opening(name string, vars map[string]any) (string, error) {
	if l.noTemplate != nil {
		return "", l.noTemplate
	}
	return l.template.Opening(name, l.Form.Thought(), vars)
}

// Encode turns a rendered conversation into tokens.
func (l *Language) Encode(r Rendered) []int32 {
	return l.Tokenizer.Encode(r.Text, tokenizer.Options{Plain: r.Plain})
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

// Piece is what a token alone spells, and its bytes: they may be a part of a character.
func (l *Language) Piece(id int32) (string, []byte) {
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
