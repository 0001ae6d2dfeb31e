package e2e_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
	t.Run("not of other stages", func(t *testing.T) {
		r := p.try("run", "mini", "-local", "-locked", without(t, lock, "eval"))
		if r.code != 1 || !strings.Contains(r.stderr, "it has the stages ingest, clean, format, train, the pipeline runs ingest, clean, format, train, eval") {
			t.Errorf("exit %d: %s", r.code, r.stderr)
		}
	})
}

// A repetition ends at the first stage that differs, before the time of the later ones is spent, and says what differs.
func TestLockedRunStopsAtTheFirstDifference(t *testing.T) {
	p := newProject(t)
	p.run("run", "mini", "-local")
	lock := filepath.Join(p.store, "runs", p.lastRun(), "run.json")
	for _, tc := range []struct {
		name   string
		lock   func(*runlog.Run)
		change func(project)
		want   string
		made   []string // stages that ended
	}{
		{name: "a byte of the source", want: "fettle ingest: gate: not begun, it would not repeat run ID: changed: content of sources[0].markdown.path",
			change: func(p project) { p.edit("pages/en/ls.md", "one per line", "One per line") }},
		{name: "the model", want: "fettle format: gate: not begun, it would not repeat run ID: changed: content of model", made: []string{"ingest", "clean"},
			change: func(p project) { p.edit("model/chat_template.jinja", "{", " {") }},
		{name: "the version of the code", want: "fettle clean: gate: not begun, it would not repeat run ID: changed: version 99 -> ", made: []string{"ingest"},
			lock: func(r *runlog.Run) { r.Stages[1].Version = 99 }},
		{name: "the backend", want: "fettle train: gate: not begun, it would not repeat run ID: changed: backend xla:cuda -> go", made: []string{"ingest", "clean", "format"},
			lock: func(r *runlog.Run) { r.Stages[3].Backend = "xla:cuda" }},
		{name: "the data that comes out", want: "run ID has 0123 (though its key is equal: the machine or the program computes otherwise)", made: []string{"clean", "ingest"},
			lock: func(r *runlog.Run) { r.Stages[1].Digest = "0123" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newProject(t)
			run, err := runlog.Read(p.opened(), lock)
			must(t, err)
			if tc.lock != nil {
				tc.lock(run)
			}
			if tc.change != nil {
				tc.change(p)
			}
			r := p.try("run", "mini", "-local", "-locked", locked(t, run))
			want := strings.ReplaceAll(tc.want, "ID", run.Facts.ID)
			if r.code != 3 || !strings.Contains(r.stderr, want) {
				t.Errorf("exit %d, want 3 and %q in\n%s", r.code, want, r.stderr)
			}
			made := map[string]bool{}
			refs, err := p.opened().List()
			must(t, err)
			for _, ref := range refs {
				made[ref.Stage()] = true
			}
			if diff := cmp.Diff(slices.Sorted(slices.Values(tc.made)), slices.Sorted(maps.Keys(made))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// locked writes a run.json.
func locked(t *testing.T, run *runlog.Run) string {
	t.Helper()
	raw, err := json.Marshal(run)
	must(t, err)
	path := filepath.Join(t.TempDir(), "run.json")
	must(t, os.WriteFile(path, raw, 0o644))
	return path
}

// without is a run.json that lacks a stage.
func without(t *testing.T, lock, stage string) string {
	t.Helper()
	var run runlog.Run
	must(t, json.Unmarshal([]byte(read(lock)), &run))
	run.Stages = slices.DeleteFunc(run.Stages, func(s runlog.Stage) bool { return s.Stage == stage })
	return locked(t, &run)
}
