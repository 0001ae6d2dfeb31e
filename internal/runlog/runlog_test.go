package runlog_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/artifact"
	"fettle/internal/runlog"
	"fettle/internal/stage"
)

// made commits an artifact of a stage and records it as a run's.
func made(t *testing.T, s *artifact.Store, run, name, settings string, ended time.Time) artifact.Ref {
	t.Helper()
	parts := artifact.Parts{Stage: name, Version: 1, Settings: json.RawMessage(settings), Files: map[string]string{"sources[0].markdown.path": settings}}
	w, err := s.Create(parts)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.Dir(), "rows"), []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	a, err := w.Commit(nil, json.RawMessage(`{}`), map[string]any{"seeds": []int64{1}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(stage.Record{Pipeline: "p", Ended: ended, Settings: json.RawMessage(settings), Report: stage.Report{Stage: name, Artifact: a.Ref, Seconds: 2}})
	if err != nil {
		t.Fatal(err)
	}
	if err := stage.WriteFile(filepath.Join(s.RunDir(run), "reports", name+".json"), raw); err != nil {
		t.Fatal(err)
	}
	return a.Ref
}

func open(t *testing.T) *artifact.Store {
	t.Helper()
	s, err := artifact.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(minute int) time.Time { return time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC) }

func TestAssembleAndRead(t *testing.T) {
	s := open(t)
	made(t, s, "one", "clean", `{"b":1}`, at(2)) // recorded in any order, listed in the order of the road
	made(t, s, "one", "ingest", `{"a":1}`, at(1))
	run, err := runlog.Assemble(s, "one", "v1")
	if err != nil {
		t.Fatal(err)
	}
	if run.Pipeline != "p" || run.Fettle != "v1" || len(run.Stages) != 2 || run.Stages[0].Stage != "ingest" || !run.Facts.Ended.Equal(at(2)) {
		t.Errorf("got %+v", run)
	}
	for _, name := range []string{"one", filepath.Join(s.RunDir("one"), "run.json")} {
		got, err := runlog.Read(s, name)
		if err != nil {
			t.Fatal(err)
		}
		if got.Stages[1].Digest != run.Stages[1].Digest || got.Stages[1].Key != run.Stages[1].Key {
			t.Errorf("read %s: %+v", name, got)
		}
	}
	raw, err := run.Settings()
	if err != nil {
		t.Fatal(err)
	}
	var settings map[string]map[string]int
	if err := json.Unmarshal(raw, &settings); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]map[string]int{"ingest": {"a": 1}, "clean": {"b": 1}}, settings); diff != "" {
		t.Error(diff)
	}
}

func TestAssembleNothing(t *testing.T) {
	if _, err := runlog.Assemble(open(t), "none", "v1"); !errors.Is(err, runlog.ErrNothing) {
		t.Error(err)
	}
	if _, err := runlog.Read(open(t), "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestListNewestFirst(t *testing.T) {
	s := open(t)
	a := made(t, s, "old", "ingest", `{"a":1}`, at(1))
	b := made(t, s, "new", "ingest", `{"a":2}`, at(2))
	if _, err := runlog.Assemble(s, "new", "v1"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(s.RunDir("plan"), 0o755); err != nil { // no stage has ended there
		t.Fatal(err)
	}
	got, err := runlog.List(s)
	if err != nil {
		t.Fatal(err)
	}
	want := []runlog.Entry{{ID: "new", Pipeline: "p", Ended: at(2), Artifacts: []artifact.Ref{b}, Whole: true}, {ID: "old", Pipeline: "p", Ended: at(1), Artifacts: []artifact.Ref{a}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompare(t *testing.T) {
	s := open(t)
	made(t, s, "was", "ingest", `{"a":1}`, at(1))
	made(t, s, "was", "clean", `{"b":1}`, at(1))
	made(t, s, "is", "ingest", `{"a":2}`, at(2))
	assemble := func(id string) *runlog.Run {
		run, err := runlog.Assemble(s, id, "v1")
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	was, is := assemble("was"), assemble("is")
	if got := runlog.Compare(was, was); got != nil {
		t.Errorf("a run differs from itself: %v", got)
	}
	want := []string{
		"ingest: data digest " + is.Stages[0].Digest[:16] + ", the locked run has " + was.Stages[0].Digest[:16] + " (changed: a 1 -> 2; content of sources[0].markdown.path)",
		"clean did not run",
	}
	if diff := cmp.Diff(want, runlog.Compare(was, is)); diff != "" {
		t.Error(diff)
	}
}
