package inspect

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fettle/internal/chat"
	"fettle/internal/model"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
	"fettle/internal/tokenizer"
	"fettle/schemas"
)

// weights reads headers: how the weights are stored, and which are missing or beside the model.
func (r *Report) weights(dir string, m *model.Model) {
	f, err := safetensors.Open(dir)
	if err != nil {
		r.odd("no weights: %v (training from scratch needs none)", err)
		return
	}
	defer f.Close()
	r.Stored = map[string]int64{}
	missing := 0
	for _, p := range m.Parameters() {
		info, ok := f.Info(p.Name)
		switch {
		case !ok:
			missing++
			if missing == 1 {
				r.odd("weight %s is missing", p.Name)
			}
		case info.DType.Float():
			r.Stored[strings.ToLower(string(info.DType))] += int64(info.Len())
		default:
			r.quantised(f, p.Name)
		}
	}
	if missing > 1 {
		r.odd("%d weights are missing in all", missing)
	}
	if _, ok := f.Info("lm_head.weight"); ok && m.Config.Tied {
		r.odd("the head is tied to the embedding (tie_word_embeddings), but the file holds an lm_head.weight: it must hold the same bytes")
	}
	if m.Config.NormPlusOne && r.Stored["f16"] > 0 {
		r.odd("stored as f16: activations of this family pass 65504, compute in bf16 or f32")
	}
	if len(r.Stored) > 2 {
		r.odd("weights are stored in %d ways", len(r.Stored))
	}
}

func (r *Report) quantised(f *safetensors.File, name string) {
	q, err := quant.Read(f, name)
	if err != nil {
		r.odd("%v", err)
		return
	}
	r.Stored[q.Kind] += int64(q.Len())
}

// describe says where the template lies and what it does.
func (r *Report) describe(dir string) string {
	where, text := "tokenizer_config.json", ""
	if raw, err := os.ReadFile(filepath.Join(dir, "chat_template.jinja")); err == nil {
		where, text = "chat_template.jinja", string(raw)
	} else if raw, err := os.ReadFile(filepath.Join(dir, "tokenizer_config.json")); err == nil {
		var config struct {
			Template json.RawMessage `json:"chat_template"`
		}
		if json.Unmarshal(raw, &config) == nil {
			text = string(config.Template)
		}
	}
	var traits []string
	for _, t := range []struct{ mark, says string }{{"tools", "tools"}, {"think", "reasoning"}, {"generation %}", "marks what is trained"}, {"generation -%}", "marks what is trained"}, {"strftime_now", "prints the date"}} {
		if strings.Contains(text, t.mark) && !slices.Contains(traits, t.says) {
			traits = append(traits, t.says)
		}
	}
	if len(traits) == 0 {
		return where
	}
	return where + " (" + strings.Join(traits, ", ") + ")"
}

// thinks says whether the template knows reasoning content.
func (r *Report) thinks() bool { return strings.Contains(r.Template, "reasoning") }

// tokens compares ids of config, tokenizer and template.
func (r *Report) tokens(m *model.Model, t *tokenizer.Tokenizer, template *chat.Template) {
	c := m.Config
	if n := t.VocabSize(); n > c.Vocab {
		r.odd("the tokenizer has %d tokens, the embedding %d rows: the last ids have none", n, c.Vocab)
	} else if n < c.Vocab {
		r.odd("the embedding has %d rows more than the tokenizer has tokens (%d): padding, never used", c.Vocab-n, n)
	}
	if len(c.EOS) == 0 {
		r.odd("no end token is named: generation stops at nothing")
	}
	switch {
	case c.Pad < 0:
		r.odd("no padding token is named; fettle masks by length and needs none")
	case slices.Contains(c.EOS, c.Pad):
		r.odd("the padding token is an end token: programs that mask labels by id never train the end of an answer; fettle masks by length")
	}
	if template == nil {
		r.odd("no chat template: conversations need one (a template of another model of the family, or plain completion)")
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
