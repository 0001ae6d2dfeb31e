package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/lora"
	"fettle/internal/model"
)

// mistake is something that people do, and where it shows.
type mistake struct {
	title string
	edits [][2]string // of the pipeline's settings: old text, new text
	setup func(p project)
	verb  string // stage that is started; those before it run first
	code  int
}

const (
	miniStages = "pipelines/mini/stages.yaml"
	pageHead   = `# What typical mistakes print

Each of these was made in a small project and run; the page is what came back (` + "`go test ./internal/e2e -run Mistakes -update`" + ` writes it
anew, and a test fails when a message changes). Settings are checked before any work: exit code 2. What only the data can tell ends the
stage with 1, and what was finished before stays cached.
`
)

var mistakes = []mistake{
	{title: "A key that does not exist", edits: [][2]string{{"optimizer: {lr: 1e-2, clip: 1}", "optimizer: {learning_rate: 1e-2, clip: 1}\n  epoch: 3"}}, verb: "train", code: 2},
	{title: "A number as text, and a text as number", edits: [][2]string{{"epochs: 3", "epochs: three"}, {"lr: 1e-2", `lr: "fast"`}}, verb: "train", code: 2},
	{title: "Seeds that repeat", edits: [][2]string{{"seeds: [1, 2]", "seeds: [1, 2, 1]"}}, verb: "train", code: 2},
	{title: "A base in 4 bits with all weights trained", edits: [][2]string{{"mode: lora", "mode: full\n  quant: {load: nf4}"}, {"seeds: [1, 2]", "seeds: [1]"}}, verb: "train", code: 2},
	{title: "A setting that this optimizer does not read", edits: [][2]string{{"optimizer: {lr: 1e-2, clip: 1}", "optimizer: {name: lion, lr: 1e-2, eps: 1e-6}"}}, verb: "train", code: 2},
	{title: "A target that no module is called", edits: [][2]string{{"targets: [all-linear]", "targets: [q_porj, v_proj]"}}, verb: "train", code: 1},
	{title: "Nothing left to train", edits: [][2]string{{"targets: [all-linear]", "targets: [q_proj], exclude: [q_proj]"}}, verb: "train", code: 1},
	{title: "Layers that the model does not have", edits: [][2]string{{"targets: [all-linear]", "targets: [all-linear], layers: [7]"}}, verb: "train", code: 1},
	{title: "A split that no row is in", edits: [][2]string{{"splits: [train]", "splits: [trian]"}}, verb: "format", code: 1},
	{title: "Blocks shorter than the conversations", edits: [][2]string{{"pack: {length: 64, seed: 1}", "pack: {length: 8, seed: 1}"}}, verb: "format", code: 1},
	{title: "Answers that are all left out of the loss", setup: chatRows(`{"messages": [{"role": "user", "content": "How do I list files?"}, {"role": "assistant", "content": "ls", "weight": 0}]}`), verb: "format", code: 1},
	{title: "Tokens that the model does not have", setup: rowsOf("tokens", `{"input_ids": [5, 7, 99999], "labels": [-100, 7, 99999]}`), verb: "format", code: 1},
	{title: "Rows of another shape", setup: chatRows(`{"prompt": "How do I list files?", "response": "ls"}`), verb: "format", code: 1},
	{title: "A template that leaves the answer out", setup: func(p project) {
		must(p.t, os.WriteFile(filepath.Join(p.root, "model", "chat_template.jinja"), []byte("{% for m in messages %}{% if m.role == 'user' %}<|user|>{{ m.content }}<|end|>{% endif %}{% endfor %}"), 0o644))
	}, verb: "format", code: 1},
	{title: "A model without a template", setup: func(p project) {
		must(p.t, os.Remove(filepath.Join(p.root, "model", "chat_template.jinja")))
	}, verb: "format", code: 1},
	{title: "A folder that is not there", edits: [][2]string{{"model: model", "model: modle"}}, verb: "format", code: 1},
	{title: "A learning rate far too high", edits: [][2]string{{"optimizer: {lr: 1e-2, clip: 1}", "optimizer: {lr: 1e30, clip: 0}"}, {"schedule: {name: cosine, warmup: 2}", "schedule: {name: constant}"}}, verb: "train", code: 1},
	{title: "An adapter of another base", edits: [][2]string{{"mode: lora\n", "mode: lora\n  from: other\n"}}, setup: foreignAdapter, verb: "train", code: 1},
	{title: "Evaluation without rows kept out", edits: [][2]string{{"epochs: 3", "epochs: 3\n  eval: {every: 2, patience: 2}"}}, verb: "train", code: 1},
}

// chatRows makes the pipeline read chat rows from a file.
func chatRows(line string) func(project) { return rowsOf("messages", line) }

// rowsOf makes the pipeline read rows of a shape from a file.
func rowsOf(shape, line string) func(project) {
	return func(p project) {
		must(p.t, os.WriteFile(filepath.Join(p.root, "rows.jsonl"), []byte(strings.Repeat(line+"\n", 3)), 0o644))
		must(p.t, os.WriteFile(filepath.Join(p.root, miniStages), []byte("ingest:\n  sources:\n    - files: {name: chats, path: rows.jsonl}\nformat:\n  model: model\n  shape: "+shape+"\n"), 0o644))
	}
}

// foreignAdapter lays an adapter of a wider model into the folder other.
func foreignAdapter(p project) {
	dir := p.t.TempDir()
	config := strings.Replace(read(filepath.Join(p.root, "model", "config.json")), `"hidden_size": 32`, `"hidden_size": 64`, 1)
	must(p.t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644))
	m, err := model.Open(dir)
	must(p.t, err)
	a, err := lora.New(m, lora.Defaults(), 1)
	must(p.t, err)
	must(p.t, os.MkdirAll(filepath.Join(p.root, "other"), 0o755))
	must(p.t, a.Save(filepath.Join(p.root, "other"), "another/base"))
}

// What these mistakes print is on a page of the documentation; this holds it to the truth.
func TestMistakes(t *testing.T) {
	var page strings.Builder
	page.WriteString(pageHead)
	for _, m := range mistakes {
		t.Run(m.title, func(t *testing.T) {
			p := newProject(t)
			for _, e := range m.edits {
				p.edit(miniStages, e[0], e[1])
			}
			if m.setup != nil {
				m.setup(p)
			}
			for _, before := range []string{"ingest", "clean", "format", "train"} {
				if before == m.verb {
					break
				}
				if strings.Contains(read(filepath.Join(p.root, miniStages)), "\n"+before+":") || before == "ingest" {
					p.stage(before)
				}
			}
			r := p.try(m.verb, "-config", miniStages)
			if r.code != m.code {
				t.Errorf("exit %d, want %d:\n%s", r.code, m.code, r.stderr)
			}
			fmt.Fprintf(&page, "\n## %s\n\n", m.title)
			if changed := added(m.edits); changed != "" {
				fmt.Fprintf(&page, "```yaml\n%s```\n\n", changed)
			}
			fmt.Fprintf(&page, "```\n$ fettle %s -config pipelines/NAME/stages.yaml\n%s```\n\nexit %d\n", m.verb, p.messages(r.stderr), r.code)
		})
	}
	path := filepath.Join("..", "..", "docs", "mistakes.md")
	if *update {
		must(t, os.WriteFile(path, []byte(page.String()), 0o644))
	}
	if diff := cmp.Diff(read(path), page.String()); diff != "" {
		t.Errorf("docs/mistakes.md says something else (-update writes it anew): %s", diff)
	}
}

// added is what was written instead, without what is as before.
func added(edits [][2]string) string {
	var b strings.Builder
	for _, e := range edits {
		for _, line := range strings.Split(strings.TrimRight(e[1], "\n"), "\n") {
			b.WriteString(strings.TrimSpace(line) + "\n")
		}
	}
	return b.String()
}

var progressLine = regexp.MustCompile(`(?m)^\w+ +([\w ]+ +▕.*|.*· [\d,.]+/s.*|backend .*)\n`)

// messages are what is not progress, without where the project lies.
func (p project) messages(stderr string) string {
	stderr = strings.ReplaceAll(stderr, p.root+string(filepath.Separator), "")
	stderr = strings.ReplaceAll(stderr, p.root, ".")
	stderr = strings.ReplaceAll(stderr, miniStages, "pipelines/NAME/stages.yaml")
	return progressLine.ReplaceAllString(stderr, "")
}
