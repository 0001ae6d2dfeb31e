package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/runlog"
)

// lastRun is the id of the newest run.
func (p project) lastRun() string {
	p.t.Helper()
	runs, err := runlog.List(p.opened())
	must(p.t, err)
	if len(runs) == 0 {
		p.t.Fatal("no runs")
	}
	return runs[0].ID
}

func TestLockedRun(t *testing.T) {
	p := newProject(t)
	p.run("run", "mini", "-local", "-set", "train.optimizer.lr=2e-2")
	id, want := p.lastRun(), p.digests()
	lock := filepath.Join(t.TempDir(), "run.json") // a colleague's file
	must(t, os.WriteFile(lock, []byte(read(filepath.Join(p.store, "runs", id, "run.json"))), 0o644))
	const equal = "every data digest is equal to the locked run's"

	t.Run("in the same store", func(t *testing.T) {
		if r := p.run("run", "mini", "-local", "-locked", id); !strings.Contains(r.stderr, equal) {
			t.Error(r.stderr)
		}
	})
	t.Run("computed again elsewhere", func(t *testing.T) {
		p := p.fresh()
		if r := p.run("run", "mini", "-local", "-locked", lock); !strings.Contains(r.stderr, equal) {
			t.Error(r.stderr)
		}
		if diff := cmp.Diff(want, p.digests()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("whatever the settings file says now", func(t *testing.T) {
		p.edit("pipelines/mini/stages.yaml", "length: {min: 20}", "length: {min: 60}")
		if r := p.run("run", "mini", "-local", "-locked", id); !strings.Contains(r.stderr, equal) {
			t.Error(r.stderr)
		}
		p.edit("pipelines/mini/stages.yaml", "length: {min: 60}", "length: {min: 20}")
	})
	t.Run("not with changed settings", func(t *testing.T) {
		if r := p.try("run", "mini", "-local", "-locked", id, "-set", "train.epochs=1"); r.code != 2 {
			t.Errorf("exit %d: %s", r.code, r.stderr)
		}
	})
	t.Run("one byte of the data changed", func(t *testing.T) {
		p.edit("pages/en/ls.md", "one per line", "One per line")
		r := p.try("run", "mini", "-local", "-locked", id)
		for _, text := range []string{"not equal to the locked run", "ingest: data digest", "content of sources[0].markdown.path"} {
			if r.code != 1 || !strings.Contains(r.stderr, text) {
				t.Errorf("exit %d, want %q in\n%s", r.code, text, r.stderr)
			}
		}
	})
}
