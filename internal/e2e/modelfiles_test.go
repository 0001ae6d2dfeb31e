package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// put writes a file of the project's model directory.
func (p project) put(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.root, "model", filepath.FromSlash(name))
	must(p.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(p.t, os.WriteFile(path, []byte(text), 0o644))
}

// The files of a model directory that no stage reads rerun nothing, and what is computed beside them is the same.
func TestUnreadFilesOfAModel(t *testing.T) {
	p := newProject(t)
	p.run("run", "mini", "-local")
	want := p.digests()
	for _, name := range []string{"README.md", "LICENSE", ".gitattributes", "logo.png", "preprocessor_config.json", "pytorch_model.bin", "tokenizer.model",
		"vocab.json", "merges.txt", "added_tokens.json", "x.tiktoken", "consolidated.safetensors", "original/params.json"} {
		p.put(name, "nothing that a stage could read")
	}
	if r := p.run("run", "mini", "-local"); strings.Count(r.stderr, "    cached  ") != 5 {
		t.Errorf("a stage ran again:\n%s", r.stderr)
	}
	p = p.fresh()
	p.run("run", "mini", "-local")
	if diff := cmp.Diff(want, p.digests()); diff != "" {
		t.Errorf("files that are not in the key have changed the data:\n%s", diff)
	}
}

// Every file that is read is in the key: `fettle plan` names its part.
func TestReadFilesOfAModel(t *testing.T) {
	base := newProject(t)
	base.run("run", "mini", "-local")
	for name, part := range map[string]string{"config.json": "model.config", "generation_config.json": "model.config", "tokenizer.json": "model.tokenizer",
		"tokenizer_config.json": "model.tokenizer", "special_tokens_map.json": "model.tokenizer", "chat_template.jinja": "model.template",
		"additional_chat_templates/tool_use.jinja": "model.template", "model.safetensors": "model.weights"} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t)
			p.store = base.store
			p.put(name, read(filepath.Join(p.root, "model", name))+" ")
			if r := p.run("plan", "mini"); !strings.Contains(r.stdout, "format   runs: changed: content of "+part+"\n") {
				t.Error(r.stdout)
			}
		})
	}
}

// Of an adapter that a training goes on from, too, what is read is in the key and nothing else.
func TestFilesOfAnAdapter(t *testing.T) {
	p := newProject(t)
	p.run("run", "mini", "-local")
	found, err := filepath.Glob(filepath.Join(p.store, "artifacts", "train", "*", "adapters", "seed-1"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	adapter := filepath.Join(p.root, "adapter")
	must(t, os.CopyFS(adapter, os.DirFS(found[0])))
	p.edit("pipelines/mini/stages.yaml", "train:\n", "train:\n  from: adapter\n")
	p.run("run", "mini", "-local")
	must(t, os.WriteFile(filepath.Join(adapter, "notes.txt"), []byte("nothing that a stage could read"), 0o644))
	if r := p.run("plan", "mini"); !strings.Contains(r.stdout, "train    cached") {
		t.Error(r.stdout)
	}
	config := filepath.Join(adapter, "adapter_config.json")
	must(t, os.WriteFile(config, []byte(read(config)+" "), 0o644))
	if r := p.run("plan", "mini"); !strings.Contains(r.stdout, "train    runs: changed: content of from\n") {
		t.Error(r.stdout)
	}
}
