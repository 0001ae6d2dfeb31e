package e2e_test

import (
	"path/filepath"
	"testing"

	"fettle/internal/model"
)

// someAnswers has an exam killed when the first answers of the tuned model are kept.
func (p project) someAnswers() {
	p.t.Helper()
	c := p.start("eval", "-config", miniStages)
	until(p.t, "a kept answer", func() bool {
		found, err := filepath.Glob(filepath.Join(p.store, "work", "*", "tuned-1.jsonl"))
		return err == nil && len(found) > 0 && read(found[0]) != ""
	})
	must(p.t, c.Process.Kill())
	if r := p.finish(c); r.code == 0 {
		p.t.Fatal("the exam was over before it was killed")
	}
}

// Answers that are kept are those of one model: other weights, another adapter or another template never meet them.
func TestKeptAnswersAreOfOneModel(t *testing.T) {
	first := newProject(t)
	first.run("run", "mini", "-local")
	same := first.digests()["eval"]
	for name, change := range map[string]func(p project){
		"weights": func(p project) {
			dir := filepath.Join(p.root, "model")
			m, err := model.Open(dir)
			must(t, err)
			must(t, m.Save(dir, m.Init(7), "f32"))
		},
		"adapter": func(p project) { p.edit(miniStages, "lr: 1e-2", "lr: 5e-2") },
		"template": func(p project) {
			p.edit("model/chat_template.jinja", "{%- else -%}\n{{- message", "{%- else -%}\n{{- 'Please: ' + message")
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t)
			for _, stage := range []string{"ingest", "clean", "format", "train"} {
				p.stage(stage)
			}
			p.someAnswers()
			change(p)
			p.run("run", "mini", "-local")
			got := p.digests()["eval"]
			fresh := p.fresh()
			fresh.run("run", "mini", "-local")
			if want := fresh.digests()["eval"]; got != want {
				t.Errorf("with the answers of another model at hand the digest is %s, without %s", got, want)
			}
			if got == same {
				t.Error("the change changes no answer: it proves nothing")
			}
		})
	}
}
