package export

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"fettle/internal/chat"
	"fettle/internal/generate"
	"fettle/internal/gguf"
)

// ggufWriter writes one file for llama.cpp.
type ggufWriter struct {
	s      *Source
	t      gguf.Type
	header *gguf.Header
}

// fileName is a model's name (owner/name) as the name of a file.
func fileName(name string) string { return strings.ReplaceAll(name, "/", "-") }

func (w *ggufWriter) file() string { return fmt.Sprintf("%s-%s.gguf", fileName(w.s.Name), w.t) }

func (w *ggufWriter) write(dir string) ([]string, error) {
	h, err := gguf.NewHeader(w.s.Result, w.s.Name, w.t)
	if err != nil {
		return nil, err
	}
	sp, _ := w.s.speaker()
	if sp.tokens == nil {
		h.Meta = append(h.Meta, gguf.KV{Key: "tokenizer.ggml.model", Value: "no_vocab"})
		h.Notes = append(h.Notes, "the base has no tokenizer that can be read: the file holds none, and llama.cpp cannot chat with it")
	} else {
		var ends []string
		if sp.template != nil {
			ends = sp.template.EndOfTurn
		}
		if err := h.AddVocab(w.s.Dir, w.s.Result.Config, ends); err != nil {
			return nil, err
		}
	}
	if sp.template != nil {
		if err := addTemplates(h, w.s.Dir); err != nil {
			return nil, err
		}
	}
	if err := addSampling(h, w.s.Dir); err != nil {
		return nil, err
	}
	w.header = h
	tensors, err := gguf.Tensors(w.s.Result, w.s.Merged, w.t)
	if err != nil {
		return nil, err
	}
	return h.Notes, gguf.Write(filepath.Join(dir, w.file()), h.Meta, tensors)
}

// addTemplates writes the chat template and, by name, those for other uses (tool_use).
func addTemplates(h *gguf.Header, dir string) error {
	all, err := chat.Sources(dir)
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(all))
	if _, ok := all["default"]; !ok && len(names) == 1 {
		all["default"] = all[names[0]]
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "default" || len(all) == 2 && all[name] == all["default"] })
	for i, name := range names {
		names[i] = odd.ReplaceAllString(name, "_")
		h.Meta = append(h.Meta, gguf.KV{Key: "tokenizer.chat_template." + names[i], Value: plainJinja(all[name].Text)})
	}
	if len(names) > 0 {
		h.Meta = append(h.Meta, gguf.KV{Key: "tokenizer.chat_templates", Value: names})
	}
	h.Meta = append(h.Meta, gguf.KV{Key: "tokenizer.chat_template", Value: plainJinja(all["default"].Text)})
	return nil
}

var odd = regexp.MustCompile(`[^A-Za-z0-9]`)

// addSampling writes how generation_config.json wants answers drawn.
func addSampling(h *gguf.Header, dir string) error {
	s, found, err := generate.SamplingOf(dir)
	if err != nil || !found {
		return err
	}
	for _, kv := range []gguf.KV{{Key: "general.sampling.temp", Value: float32(s.Temperature)}, {Key: "general.sampling.top_k", Value: int32(s.TopK)}, {Key: "general.sampling.top_p", Value: float32(s.TopP)},
		{Key: "general.sampling.min_p", Value: float32(s.MinP)}, {Key: "general.sampling.penalty_repeat", Value: float32(s.RepetitionPenalty)}} {
		if kv.Value != float32(0) && kv.Value != int32(0) { // 0 = the config does not say
			h.Meta = append(h.Meta, kv)
		}
	}
	return nil
}

var (
	generationOpen  = regexp.MustCompile(`\{%(-?)\s*generation\s*(-?)%\}`)
	generationClose = regexp.MustCompile(`\{%(-?)\s*endgeneration\s*(-?)%\}`)
)

// plainJinja writes {% generation %}, which marks what is trained and which llama.cpp's Jinja does not know, as a condition
// that always holds: the same text comes out, white space and all.
func plainJinja(text string) string {
	text = generationOpen.ReplaceAllString(text, "{%${1} if true ${2}%}")
	return generationClose.ReplaceAllString(text, "{%${1} endif ${2}%}")
}

func (w *ggufWriter) check(dir string, g *gate) error {
	f, err := gguf.Open(filepath.Join(dir, w.file()))
	if err != nil {
		return Refused{err.Error()}
	}
	defer f.Close()
	if !reflect.DeepEqual(w.header.Meta, f.Meta) {
		return Refused{"metadata read back differ from what was written"}
	}
	if g.speaker.tokens != nil {
		back, err := w.speaker(f, g)
		if err != nil {
			return Refused{err.Error()}
		}
		if err := g.ids(back); err != nil {
			return err
		}
	}
	places, err := gguf.Places(w.s.Result)
	if err != nil {
		return err
	}
	byName := map[string]gguf.Place{}
	for _, p := range places {
		byName[p.HF] = p
		want, err := p.Encode(w.s.Merged, w.t)
		if err != nil {
			return err
		}
		got, err := f.Part(p)
		if err != nil {
			return Refused{err.Error()}
		}
		if err := g.bytes(p.HF, want, got); err != nil {
			return err
		}
	}
	return g.logits(func() (computed, error) { return w.rounded(byName) }, func() (computed, error) {
		weights, err := w.s.weights(w.s.Result, func(name string) ([]float32, error) { return f.Parameter(byName[name]) })
		return computed{w.s.Result, weights, nil}, err
	})
}

// rounded is the merged model with every weight through the codec, without the detour by the file's layout.
func (w *ggufWriter) rounded(places map[string]gguf.Place) (computed, error) {
	weights, err := w.s.weights(w.s.Result, func(name string) ([]float32, error) {
		values, err := w.s.Merged(name)
		if err != nil {
			return nil, err
		}
		t := places[name].Type(w.t)
		data, err := gguf.Encode(t, values)
		if err != nil {
			return nil, err
		}
		return gguf.Decode(t, data)
	})
	return computed{w.s.Result, weights, nil}, err
}

// speaker is built from the metadata alone.
func (w *ggufWriter) speaker(f *gguf.File, g *gate) (sp speaker, err error) {
	if sp.tokens, err = f.Tokenizer(); err != nil {
		return sp, err
	}
	text, ok := gguf.Get[string](f, "tokenizer.chat_template")
	if g.speaker.template == nil || !ok {
		return sp, nil
	}
	sp.template, err = chat.New(map[string]chat.Source{"default": {File: "tokenizer.chat_template", Text: text}})
	if err == nil {
		sp.template.Special = g.speaker.template.Special
	}
	return sp, err
}
