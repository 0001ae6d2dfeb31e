package export

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"

	"fettle/internal/chat"
	"fettle/schemas"
)

// ollama is a chat template in Ollama's language (Go's text/template over .Messages), learned from what the model's own
// template prints and proven against it: what stands before and after each role's content, and before the answer.
type ollama struct {
	bos     string // printed by the model's template, by Ollama's tokenizer here
	lead    string // where there is no system message
	system  [2]string
	user    [2]string
	answer  [2]string
	prompt  string // opens the answer
	inside  bool   // the first user's opening stands before the system message, not behind it
	systems bool   // the template takes system messages
}

// Contents that no template contains.
const (
	probeA = "Qx7 first zV9"
	probeB = "Wk3 second jH8"
	probeC = "Lm5 third pT2"
)

// renderer prints a conversation with the model's own template.
type renderer func(messages []schemas.Message, prompt bool) (string, error)

func newRenderer(t *chat.Template, now time.Time) renderer {
	return func(messages []schemas.Message, prompt bool) (string, error) {
		mode := chat.Full
		if prompt {
			mode = chat.Generation
		}
		r, err := t.Render(schemas.Conversation{Messages: messages}, chat.RenderOptions{Mode: mode, Now: now})
		return r.Text, err
	}
}

// learn finds the parts; an error says what of the template has no place in Ollama's.
func learn(render renderer, bos string) (*ollama, error) {
	o := &ollama{bos: bos}
	head, tail, err := o.around(render, true, probeA, message("user", probeA))
	if err != nil {
		return nil, err
	}
	_, bare, err := o.around(render, false, probeA, message("user", probeA))
	if err != nil {
		return nil, err
	}
	var ok bool
	if o.prompt, ok = strings.CutPrefix(tail, bare); !ok {
		return nil, errors.New("what opens an answer does not follow the question")
	}
	o.user[1] = bare
	if err := o.learnAnswer(render, head); err != nil {
		return nil, err
	}
	return o, o.learnSystem(render)
}

// around is what a rendering has before and behind a probe, without bos.
func (o *ollama) around(render renderer, prompt bool, probe string, messages ...schemas.Message) (head, tail string, err error) {
	text, err := render(messages, prompt)
	if err != nil {
		return "", "", err
	}
	head, tail, ok := strings.Cut(strings.TrimPrefix(text, o.bos), probe)
	if !ok {
		return "", "", errors.New("it does not print a message as it stands")
	}
	return head, tail, nil
}

func (o *ollama) learnAnswer(render renderer, head string) error {
	user, answer, next := message("user", probeA), message("assistant", probeB), message("user", probeC)
	_, rest, err := o.around(render, true, probeA, user, answer, next)
	if err != nil {
		return err
	}
	between, rest, ok := strings.Cut(rest, probeB)
	behind, _, ok2 := strings.Cut(rest, probeC)
	if !ok || !ok2 {
		return errors.New("it does not print every turn as it stands")
	}
	if o.answer[0], ok = strings.CutPrefix(between, o.user[1]); !ok {
		return errors.New("a question ends in one way before an answer and in another at the end")
	}
	_, end, err := o.around(render, false, probeB, user, answer)
	if err != nil {
		return err
	}
	n := 0 // what stands behind an answer at the end and before the next question
	for n < min(len(end), len(behind)) && end[n] == behind[n] {
		n++
	}
	for n > 0 && !strings.HasSuffix(head, behind[n:]) {
		n--
	}
	if !strings.HasSuffix(head, behind[n:]) {
		return errors.New("a question opens in one way at the start and in another behind an answer")
	}
	o.answer[1], o.user[0] = behind[:n], behind[n:]
	o.lead = strings.TrimSuffix(head, o.user[0])
	return nil
}

func (o *ollama) learnSystem(render renderer) error {
	head, rest, err := o.around(render, true, probeB, message("system", probeB), message("user", probeA))
	if err != nil {
		return nil // the template refuses system messages
	}
	between, _, ok := strings.Cut(rest, probeA)
	if !ok {
		return errors.New("it does not print the question behind a system message")
	}
	o.systems = true
	o.system[0] = head
	if o.system[1], ok = strings.CutSuffix(between, o.user[0]); !ok {
		o.system[1], o.inside = between, true
	}
	return nil
}

// quote writes text as a template prints it: braces would open an action.
func quote(text string) string { return strings.ReplaceAll(text, "{{", `{{ "{{" }}`) }

// text is the template for a Modelfile.
func (o *ollama) text() string {
	var b strings.Builder
	if o.lead != "" {
		fmt.Fprintf(&b, `{{ if ne (index .Messages 0).Role "system" }}%s{{ end }}`, quote(o.lead))
	}
	b.WriteString(`{{ range $i, $m := .Messages }}{{ $last := eq (len (slice $.Messages $i)) 1 }}`)
	opening := quote(o.user[0])
	if o.inside && opening != "" {
		opening = `{{ if not (and (eq $i 1) (eq (index $.Messages 0).Role "system")) }}` + opening + `{{ end }}`
	}
	fmt.Fprintf(&b, `{{ if eq $m.Role "user" }}%s{{ $m.Content }}%s`, opening, quote(o.user[1]))
	fmt.Fprintf(&b, `{{ else if eq $m.Role "assistant" }}%s{{ $m.Content }}{{ if not $last }}%s{{ end }}`, quote(o.answer[0]), quote(o.answer[1]))
	if o.systems {
		fmt.Fprintf(&b, `{{ else if eq $m.Role "system" }}%s{{ $m.Content }}%s`, quote(o.system[0]), quote(o.system[1]))
	}
	fmt.Fprintf(&b, `{{ end }}{{ if and $last (ne $m.Role "assistant") }}%s{{ end }}{{ end }}`, quote(o.prompt))
	return b.String()
}

// trials are conversations that the learned template must print as the model's own does; spaced ones need only a note.
var trials = append([][]schemas.Message{
	{message("user", "a\nb"), message("assistant", "c"), message("user", "d"), message("assistant", "e {{ x }}"), message("user", "f")},
	{message("system", "s"), message("user", "u"), message("assistant", "a"), message("user", "v"), message("assistant", "b"), message("user", "w")},
}, chats...)

var spaced = [][]schemas.Message{{message("system", " s\n"), message("user", "\n u "), message("assistant", " a "), message("user", " v\n")}}

// prove compares the template with the model's own on conversations; those that the model's refuses are left out.
func (o *ollama) prove(render renderer, conversations [][]schemas.Message) error {
	t, err := template.New("ollama").Parse(o.text())
	if err != nil {
		return err
	}
	for _, c := range conversations {
		want, err := render(c, true)
		if err != nil {
			continue
		}
		var got strings.Builder
		if err := t.Execute(&got, map[string]any{"Messages": c}); err != nil {
			return err
		}
		if o.bos+got.String() != want && got.String() != want {
			return fmt.Errorf("it prints %q where Ollama's language gives %q", clip(want, got.String()), clip(got.String(), want))
		}
	}
	return nil
}

// clip shows a text from where it parts from another.
func clip(s, other string) string {
	n := 0
	for n < min(len(s), len(other)) && s[n] == other[n] {
		n++
	}
	s = s[max(0, n-10):]
	return s[:min(len(s), 60)]
}
