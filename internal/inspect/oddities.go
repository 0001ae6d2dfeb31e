package inspect

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"fettle/internal/chat"
	"fettle/internal/model"
	"fettle/internal/tokenizer"
	"fettle/schemas"
)

// describe says where the template lies and what it does.
func (r *Report) describe() {
	sources, err := chat.Sources(r.dir)
	if err != nil {
		return
	}
	main, ok := sources["default"]
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		r.template += sources[name].Text
		if !ok {
			main, ok = sources[name], true
		}
	}
	r.Template, _, _ = strings.Cut(main.File, "#")
	var traits []string
	for _, t := range traitMarks {
		if t.mark.MatchString(r.template) {
			traits = append(traits, t.says)
		}
	}
	if len(traits) > 0 {
		r.Template += " (" + strings.Join(traits, ", ") + ")"
	}
}

var traitMarks = []struct {
	mark *regexp.Regexp
	says string
}{
	{regexp.MustCompile(`\btools\b`), "tools"},
	{regexp.MustCompile(`</?think|reasoning_content|enable_thinking`), "reasoning"},
	{regexp.MustCompile(`\{%-?\s*generation\s*-?%\}`), "marks what is trained"},
	{regexp.MustCompile(`\b(strftime_now|date_string)\b`), "prints the date"},
}

// thinks says whether the template knows reasoning content, and switched whether that can be turned off.
func (r *Report) thinks() bool   { return traitMarks[1].mark.MatchString(r.template) }
func (r *Report) switched() bool { return thinkSwitch.MatchString(r.template) }

var thinkSwitch = regexp.MustCompile(`enable_thinking|/no_?think`)

// tokens compares ids of config, tokenizer and template.
func (r *Report) tokens(m *model.Model, t *tokenizer.Tokenizer, template *chat.Template) {
	c := m.Config
	if n := t.VocabSize(); n > c.Vocab {
		r.odd("the tokenizer has %d tokens, the embedding %d rows: the last ids have none", n, c.Vocab)
	} else if n < c.Vocab {
		r.odd("the embedding has %d rows more than the tokenizer has tokens (%d): padding, never used", c.Vocab-n, n)
	}
	r.endTokens(c)
	switch {
	case c.Pad < 0:
		r.odd("no padding token is named; fettle masks by length and needs none")
	case slices.Contains(c.EOS, c.Pad):
		r.odd("the padding token is an end token: programs that mask labels by id never train the end of an answer; fettle masks by length")
	}
	if template == nil {
		return
	}
	for _, text := range template.EndOfTurn {
		if id, ok := t.TokenID(text); !ok {
			r.odd("the template ends a turn with %q, which is no single token", text)
		} else if !slices.Contains(c.EOS, int(id)) {
			r.odd("the template ends a turn with %q (%d), which is not among the end tokens: add it to generation_config.json, or answers run on (fettle export does)", text, id)
		}
	}
	r.doubleStart(t, template)
}

// endTokens finds what is wrong with the ids that end an answer.
func (r *Report) endTokens(c *model.Config) {
	if len(c.EOS) == 0 {
		r.odd("no end token is named: generation stops at nothing")
	}
	for _, id := range c.EOS {
		if id < 0 || id >= c.Vocab {
			r.odd("the end token %d is outside of the vocabulary (0 to %d): nothing ever gives it", id, c.Vocab-1)
		}
	}
	if only := c.OnlyInConfig(); len(only) > 0 {
		r.odd("config.json ends an answer at %v, generation_config.json does not: fettle ends at the ids of both, transformers at the latter alone", only)
	}
}

// doubleStart finds a template that prints the token which the tokenizer adds as well.
func (r *Report) doubleStart(t *tokenizer.Tokenizer, template *chat.Template) {
	c := schemas.Conversation{Messages: []schemas.Message{{Role: "user", Content: "a"}}}
	out, err := template.Render(c, chat.RenderOptions{Mode: chat.Generation, Now: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		r.odd("the template refuses a plain question: %v", err)
		return
	}
	ids := t.Encode(out.Text, tokenizer.Options{AddSpecial: true})
	if len(ids) > 1 && ids[0] == ids[1] && t.IsSpecial(ids[0]) {
		text, _ := t.Token(ids[0])
		r.odd("the template prints %s and the tokenizer adds another: encode rendered chats without special tokens (fettle does)", text)
	}
}
