package export

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fettle/internal/chat"
)

// writeModelfile writes a Modelfile for Ollama beside the weights, or a note that says why there is none.
func (s *Source) writeModelfile(dir, format string, r *Report) error {
	sp, _ := s.speaker()
	if sp.tokens == nil || sp.template == nil {
		r.Notes = append(r.Notes, "no Modelfile: the base has no tokenizer or no chat template")
		return nil
	}
	from := "."
	if format == GGUF {
		from = fmt.Sprintf("./%s-%s.gguf", fileName(s.Name), r.DType)
	}
	text, notes, err := Modelfile(sp.template, from, s.Model.Config.MaxPositions)
	if err != nil {
		r.Notes = append(r.Notes, "no Modelfile: "+err.Error())
		return nil
	}
	r.Notes = append(r.Notes, notes...)
	return os.WriteFile(filepath.Join(dir, "Modelfile"), []byte(text), 0o644)
}

// Modelfile says a chat template in Ollama's language, proven on conversations; an error is the reason why it cannot be said,
// notes tell what Ollama does otherwise at the edges.
func Modelfile(t *chat.Template, from string, context int) (text string, notes []string, err error) {
	o, notes, err := ollamaTemplate(t)
	if err != nil {
		return "", nil, fmt.Errorf("the chat template cannot be said in Ollama's language: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "FROM %s\nTEMPLATE \"\"\"%s\"\"\"\n", from, o.text())
	for _, end := range t.EndOfTurn {
		fmt.Fprintf(&b, "PARAMETER stop %q\n", end)
	}
	fmt.Fprintf(&b, "PARAMETER num_ctx %d\n", context)
	return b.String(), notes, nil
}

// ollamaTemplate learns the template and proves it; an error is the reason why it cannot be.
func ollamaTemplate(t *chat.Template) (*ollama, []string, error) {
	render := newRenderer(t, probeTime)
	bos := t.Special["bos_token"]
	if first, err := render(chats[0], true); err != nil {
		return nil, nil, err
	} else if bos == "" || !strings.HasPrefix(first, bos) {
		bos = ""
	}
	o, err := learn(render, bos)
	if err != nil {
		return nil, nil, err
	}
	if strings.Contains(o.text(), `"""`) {
		return nil, nil, fmt.Errorf(`it prints """`)
	}
	if err := o.prove(render, trials); err != nil {
		return nil, nil, err
	}
	if err := o.prove(newRenderer(t, probeTime.AddDate(1, 2, 3)), trials); err != nil {
		return nil, nil, fmt.Errorf("it prints the date: %w", err)
	}
	var notes []string
	if !o.systems {
		notes = append(notes, "Modelfile: the model's template takes no system message, Ollama's leaves it out")
	}
	if err := o.prove(render, spaced); err != nil {
		notes = append(notes, "Modelfile: the model's template trims white space around contents, Ollama's language cannot")
	}
	return o, notes, nil
}
