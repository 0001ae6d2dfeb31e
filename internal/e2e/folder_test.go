package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/e2e/mini"
)

// A project may lie in a folder of any name: what is a pattern elsewhere, a separator of words or a mark of a shell is a name here.
func TestAnyFolder(t *testing.T) {
	p := newProject(t)
	p.root = filepath.Join(t.TempDir(), "my [2] *projects? {a,b} \\$HOME #1 'q' 100%")
	must(t, os.Mkdir(p.root, 0o755))
	must(t, mini.Write(p.root))
	p.store = filepath.Join(p.root, ".fettle")
	p.run("run", "mini", "-local")
	made := p.digests()
	for _, args := range [][]string{{"verify"}, {"list", "artifacts"}} {
		if r := p.run(args...); strings.Count(r.stdout, "\n") != 5 {
			t.Errorf("%v: want five artifacts, got %q", args, r.stdout)
		}
	}
	if r := p.run("plan", "mini"); strings.Count(r.stdout, "cached") != 5 {
		t.Error(r.stdout)
	}
	if r := p.run("list", "pipelines"); r.stdout != "mini\n" {
		t.Error(r.stdout)
	}
	train := p.stage("train") // its input is what the last run made
	if !train.Cached {
		t.Error("another training")
	}
	p.run("export", string(train.Artifact), "-seed", "1", "-format", "merged", "-to", "out")
	p.run("inspect", "out")

	plain := newProject(t)
	plain.run("run", "mini", "-local")
	if diff := cmp.Diff(plain.digests(), made); diff != "" {
		t.Error(diff)
	}
}
