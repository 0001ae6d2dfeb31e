package chat_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/chat"
	"fettle/internal/shared"
)

// frozen is the time that strftime_now saw when the golden texts were made.
var frozen = time.Date(2025, 3, 9, 4, 5, 6, 0, time.UTC)

type goldenTemplate struct {
	Template  string   `json:"template"`
	Path      string   `json:"path"`
	BOS       *string  `json:"bos_token"`
	EOS       *string  `json:"eos_token"`
	EndOfTurn []string `json:"end_of_turn"`
	Tokenizer string   `json:"tokenizer"`
	Markers   bool     `json:"generation_markers"`
}

func goldenTemplates(t *testing.T) map[string]*chat.Template {
	var index []goldenTemplate
	data, err := os.ReadFile(shared.Path(t, "golden/text/templates/index.json"))
	if err == nil {
		err = json.Unmarshal(data, &index)
	}
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*chat.Template{}
	for _, g := range index {
		out[g.Template] = g.load(t)
	}
	return out
}

// source is the template's file name and text.
func (g goldenTemplate) source(t *testing.T) (file, text string) {
	path, key, _ := strings.Cut(g.Path, "#")
	data, err := os.ReadFile(shared.Path(t, path))
	if err != nil {
		t.Fatal(err)
	}
	text = string(data)
	if key != "" {
		var fields map[string]any
		if err := json.Unmarshal(data, &fields); err != nil {
			t.Fatal(err)
		}
		text = fields[key].(string)
	}
	return filepath.Base(path), text
}

func (g goldenTemplate) load(t *testing.T) *chat.Template {
	file, text := g.source(t)
	tmpl, err := chat.New(map[string]chat.Source{"default": {File: file, Text: text}})
	if err != nil {
		t.Fatal(err)
	}
	tmpl.EndOfTurn = g.EndOfTurn
	tmpl.Special = map[string]string{}
	if g.BOS != nil {
		tmpl.Special["bos_token"] = *g.BOS
	}
	if g.EOS != nil {
		tmpl.Special["eos_token"] = *g.EOS
	}
	return tmpl
}

func goldenInputs(t *testing.T) map[string]chat.Input {
	out := map[string]chat.Input{}
	for _, c := range lines[struct {
		ID       string          `json:"id"`
		Messages json.RawMessage `json:"messages"`
		Tools    json.RawMessage `json:"tools"`
	}](t, "conversations.jsonl") {
		in, err := chat.ParseInput(c.Messages, c.Tools)
		if err != nil {
			t.Fatal(err)
		}
		out[c.ID] = in
	}
	return out
}

func lines[T any](t *testing.T, name string) []T {
	data, err := os.ReadFile(shared.Path(t, "golden/text/templates/"+name))
	if err != nil {
		t.Fatal(err)
	}
	var r io.Reader = bytes.NewReader(data)
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(r); err != nil {
			t.Fatal(err)
		}
	}
	var out []T
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, 1<<24)
	for scan.Scan() {
		var v T
		if err := json.Unmarshal(scan.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// modes are the golden names of what is asked of a template.
var modes = map[string]chat.RenderOptions{
	"full":        {Mode: chat.Full, Now: frozen},
	"gen":         {Mode: chat.Generation, Now: frozen},
	"continue":    {Mode: chat.Continue, Now: frozen},
	"gen_nothink": {Mode: chat.Generation, Now: frozen, Vars: map[string]any{"enable_thinking": false}},
}

func TestGoldenRenders(t *testing.T) {
	templates, inputs := goldenTemplates(t), goldenInputs(t)
	rows := lines[struct {
		Template, Conv, Mode string
		Text                 *string
		Error, Message       string
	}](t, "renders.jsonl.gz")
	for _, row := range rows {
		got, err := templates[row.Template].RenderInput(inputs[row.Conv], modes[row.Mode])
		shared.Equals(t, "chat template", row.Template, "texts", (row.Text == nil) == (err != nil) && (row.Text == nil || *row.Text == got.Text))
		switch {
		case row.Text == nil && err == nil:
			t.Errorf("%s %s %s: rendered, want %s: %s", row.Template, row.Conv, row.Mode, row.Error, row.Message)
		case row.Text != nil && err != nil:
			t.Errorf("%s %s %s: %v", row.Template, row.Conv, row.Mode, err)
		case row.Text == nil && row.Error != "ValueError" && !strings.Contains(err.Error(), row.Error):
			t.Errorf("%s %s %s: error %v, want %s: %s", row.Template, row.Conv, row.Mode, err, row.Error, row.Message)
		case row.Text != nil:
			if diff := cmp.Diff(*row.Text, got.Text); diff != "" {
				t.Errorf("%s %s %s: (-want +got)\n%s", row.Template, row.Conv, row.Mode, diff)
			}
		}
	}
	t.Logf("%d renderings compared", len(rows))
}

type goldenSpans struct {
	Template, Conv string
	Stable         bool `json:"prefix_stable"`
	Spans          []struct {
		Message   int
		Method    string
		Start     int    `json:"start_byte"`
		End       int    `json:"end_byte"`
		Text      string `json:"text"`
		Normative bool
	}
	Generation []struct {
		Start int `json:"start_byte"`
		End   int `json:"end_byte"`
	}
	Tokenizer  string
	MaskInside string `json:"mask_inside"`
}

func TestGoldenSpans(t *testing.T) {
	templates, inputs := goldenTemplates(t), goldenInputs(t)
	for _, row := range lines[goldenSpans](t, "spans.jsonl.gz") {
		got, err := templates[row.Template].RenderInput(inputs[row.Conv], modes["full"])
		if err != nil {
			t.Errorf("%s %s: %v", row.Template, row.Conv, err)
			continue
		}
		if got.PrefixStable != row.Stable {
			t.Errorf("%s %s: prefix stable = %v, want %v", row.Template, row.Conv, got.PrefixStable, row.Stable)
		}
		if len(row.Generation) > 0 {
			checkBlocks(t, row, got)
			continue
		}
		byMessage := map[int]chat.Span{}
		for _, s := range got.Spans {
			byMessage[s.Message] = s
		}
		for _, want := range row.Spans {
			s, ok := byMessage[want.Message]
			if want.Normative && (!ok || s.Start != want.Start || s.End != want.End) {
				t.Errorf("%s %s message %d (%s): got [%d,%d) %q, want [%d,%d) %q", row.Template, row.Conv, want.Message, want.Method,
					s.Start, s.End, got.Text[s.Start:s.End], want.Start, want.End, want.Text)
			}
			if want.Method == "none" && ok {
				t.Logf("%s %s message %d: golden has none, got %q", row.Template, row.Conv, want.Message, got.Text[s.Start:s.End])
			}
		}
	}
}

func checkBlocks(t *testing.T, row goldenSpans, got chat.Rendered) {
	if len(got.Spans) != len(row.Generation) {
		t.Errorf("%s %s: %d blocks, want %d", row.Template, row.Conv, len(got.Spans), len(row.Generation))
		return
	}
	for i, want := range row.Generation {
		if s := got.Spans[i]; s.Start != want.Start || s.End != want.End {
			t.Errorf("%s %s block %d: got [%d,%d), want [%d,%d)", row.Template, row.Conv, i, s.Start, s.End, want.Start, want.End)
		}
	}
}
