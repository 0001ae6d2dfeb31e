package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fettle/internal/chat"
	"fettle/internal/prompt"
	"fettle/internal/tokenizer"
)

func (a *App) render(_ context.Context, args []string) int {
	fs := a.flags("render", `-tokenizer DIR|-template FILE [-generation-prompt | -continue] [-in conversations.jsonl]

Renders conversations with a model's own chat template. In: JSON lines {"messages": [..], "tools": [..]} (stdin without -in).
Out, a line for each: {"text", "ids", "spans"}: spans are the bytes [start, end) of the text that training learns; without a
tokenizer ids is null. A row that the template refuses gives {"error"}.`)
	r := rendering{vars: map[string]any{}, out: bufio.NewWriter(a.Stdout)}
	dir := fs.String("tokenizer", "", "model directory: its template, unless -template is given, and its tokenizer")
	template := fs.String("template", "", "file of a template, or FILE#KEY for one in a JSON file")
	in := fs.String("in", "", "file of JSON lines (default: stdin)")
	bos := fs.String("bos-token", "", "bos_token of the template")
	eos := fs.String("eos-token", "", "eos_token of the template")
	ask := fs.Bool("generation-prompt", false, "end with the prompt for the assistant's next turn")
	goOn := fs.Bool("continue", false, "end behind the last message's content, to go on from there")
	now := fs.String("now", "", "the time that the template sees, such as 2025-03-09T04:05:06")
	fs.BoolVar(&r.plain, "plain", false, "tokens that users, tools and documents spell are text, as in training and chats (default: as the reference takes them)")
	fs.BoolVar(&r.show, "show", false, "print the texts with what is trained in colour instead")
	fs.Func("var", "NAME=VALUE, a variable of the template; VALUE is JSON, else text (repeatable)", r.variable)
	rest, code, done := parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0 || *dir == "" && *template == "":
		return a.misuse(fs, "want -tokenizer DIR or -template FILE, and nothing else")
	case r.plain && *dir == "":
		return a.misuse(fs, "-plain needs -tokenizer DIR")
	case *ask && *goOn:
		return a.misuse(fs, "-generation-prompt and -continue exclude each other")
	}
	switch {
	case *ask:
		r.options.Mode = chat.Generation
	case *goOn:
		r.options.Mode = chat.Continue
	}
	if *now != "" {
		var err error
		if r.options.Now, err = parseTime(*now); err != nil {
			return a.misuse(fs, "-now: %v", err)
		}
	}
	r.options.Vars = r.vars
	if err := r.open(*dir, *template, *bos, *eos); err != nil {
		return a.fail("render", err)
	}
	if err := errors.Join(r.file(*in), r.out.Flush()); err != nil {
		return a.fail("render", err)
	}
	return 0
}

// rendering is what all rows share.
type rendering struct {
	template  *chat.Template
	tokenizer *tokenizer.Tokenizer // nil = no ids
	options   chat.RenderOptions
	vars      map[string]any
	show      bool
	plain     bool // what others than the assistant spell is text
	out       *bufio.Writer
}

func (r *rendering) variable(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return fmt.Errorf("want NAME=VALUE, got %q", s)
	}
	var v any
	if json.Unmarshal([]byte(value), &v) != nil {
		v = value
	}
	r.vars[name] = v
	return nil
}

func parseTime(s string) (t time.Time, err error) {
	for _, layout := range []string{"2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05", time.DateOnly} {
		if t, err = time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return t, fmt.Errorf("%q is no time such as 2025-03-09T04:05:06", s)
}

func (r *rendering) open(dir, template, bos, eos string) (err error) {
	if dir != "" {
		if r.tokenizer, err = tokenizer.Load(dir); err != nil {
			return err
		}
	}
	if template == "" {
		if info, err := os.Stat(dir); err == nil && !info.IsDir() {
			dir = filepath.Dir(dir) // a tokenizer.json may be named too
		}
		r.template, err = chat.Load(dir)
	} else {
		r.template, err = loadTemplate(template)
	}
	if err != nil {
		return err
	}
	if r.template.Special == nil {
		r.template.Special = map[string]string{}
	}
	for name, token := range map[string]string{"bos_token": bos, "eos_token": eos} {
		if token != "" {
			r.template.Special[name] = token
		}
	}
	if len(r.template.EndOfTurn) == 0 && eos != "" {
		r.template.EndOfTurn = []string{eos}
	}
	return nil
}

// loadTemplate reads a template alone: a file's text, or a key of a JSON file (chat_template where none is named).
func loadTemplate(path string) (*chat.Template, error) {
	file, key, named := strings.Cut(path, "#")
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return nil, fmt.Errorf("-template %s is a folder: want a file (-tokenizer takes the folder of a model)", file)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("-template: %w", err)
	}
	text := string(raw)
	if named || filepath.Ext(file) == ".json" {
		if key == "" {
			key = "chat_template"
		}
		var fields map[string]json.RawMessage
		if err := object(raw, &fields); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		if err := json.Unmarshal(fields[key], &text); err != nil {
			return nil, fmt.Errorf("read %s: %s is no text", file, key)
		}
	}
	return chat.New(map[string]chat.Source{"default": {File: filepath.Base(file), Text: text}})
}

func (r *rendering) file(path string) error {
	in, done, err := input(path)
	if err != nil {
		return err
	}
	defer done()
	return eachLine(in, func(_ int, raw []byte) error {
		rendered, err := r.row(raw)
		if r.show {
			return r.colour(rendered.Rendered, err)
		}
		return r.line(rendered, err)
	})
}

// row renders one line.
func (r *rendering) row(raw []byte) (prompt.Rendered, error) {
	var c struct {
		Messages json.RawMessage `json:"messages"`
		Tools    json.RawMessage `json:"tools"`
	}
	if err := object(raw, &c); err != nil {
		return prompt.Rendered{}, err
	}
	if len(c.Messages) == 0 {
		return prompt.Rendered{}, errors.New("the row has no messages")
	}
	in, err := chat.ParseInput(c.Messages, c.Tools)
	if err != nil {
		return prompt.Rendered{}, err
	}
	if r.plain {
		return prompt.New(r.template, r.tokenizer).Render(in, r.options)
	}
	rendered, err := r.template.RenderInput(in, r.options)
	return prompt.Rendered{Rendered: rendered}, err
}

func (r *rendering) line(rendered prompt.Rendered, err error) error {
	if err != nil {
		return r.json(struct {
			Error string `json:"error"`
		}{err.Error()})
	}
	row := struct {
		Text  string   `json:"text"`
		IDs   []int32  `json:"ids"`
		Spans [][2]int `json:"spans"`
	}{Text: rendered.Text, Spans: [][2]int{}}
	for _, s := range rendered.Spans {
		row.Spans = append(row.Spans, [2]int{s.Start, s.End})
	}
	if r.tokenizer != nil {
		row.IDs = append([]int32{}, r.tokenizer.Encode(rendered.Text, tokenizer.Options{Plain: rendered.Plain})...)
	}
	return r.json(row)
}

func (r *rendering) json(v any) error {
	e := json.NewEncoder(r.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// colour prints a text with what is trained in green.
func (r *rendering) colour(rendered chat.Rendered, err error) error {
	const trained, fault, plain = "\x1b[32m", "\x1b[31m", "\x1b[0m"
	if err != nil {
		_, err := fmt.Fprintf(r.out, "%s%v%s\n\n", fault, err, plain)
		return err
	}
	at := 0
	for _, s := range rendered.Spans {
		fmt.Fprint(r.out, rendered.Text[at:s.Start], trained, rendered.Text[s.Start:s.End], plain)
		at = s.End
	}
	_, err = fmt.Fprint(r.out, rendered.Text[at:], "\n\n")
	return err
}
