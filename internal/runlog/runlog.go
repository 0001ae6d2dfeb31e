// Package runlog reads and writes the folders of runs: runs/<id>/ holds the stages' events (events.jsonl) and reports
// (reports/<stage>.json) and, when the run has ended, run.json, its lock file: every setting, key, digest, version and seed
// that made the artifacts, and apart from them the facts (times, machine).
package runlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"time"

	"fettle/internal/artifact"
	"fettle/internal/stage"
)

// Run is run.json. Everything but Facts is a pure function of data and settings.
type Run struct {
	Pipeline string  `json:"pipeline"`
	Fettle   string  `json:"fettle"` // version of the program
	Stages   []Stage `json:"stages"` // in the order of the road
	Facts    Facts   `json:"facts"`
}

// Stage is what one stage made.
type Stage struct {
	Stage    string                    `json:"stage"`
	Version  int                       `json:"version"`
	Settings json.RawMessage           `json:"settings"` // the whole section, with paths
	Artifact artifact.Ref              `json:"artifact"`
	Key      string                    `json:"key"`
	Digest   string                    `json:"digest"` // of the data
	Inputs   map[string]artifact.Input `json:"inputs"`
	Files    map[string]string         `json:"files"` // digests of the contents that settings point at
	Backend  string                    `json:"backend"`
	Notes    map[string]any            `json:"notes"` // model, seeds
}

// Facts are what differs from run to run.
type Facts struct {
	ID      string             `json:"id"`
	Ended   time.Time          `json:"ended"`
	Cached  map[string]bool    `json:"cached"`
	Seconds map[string]float64 `json:"seconds"` // of the computation, whenever it was
	System  string             `json:"system"`
	CPUs    int                `json:"cpus"`
}

// ErrNothing means that a run has made nothing that could be recorded.
var ErrNothing = errors.New("no stage of it has ended")

// Assemble makes run.json out of what the stages of a run left, and writes it into the run's folder.
func Assemble(store *artifact.Store, id, version string) (*Run, error) {
	dir := store.RunDir(id)
	run := &Run{Fettle: version, Facts: Facts{ID: id, Cached: map[string]bool{}, Seconds: map[string]float64{}, System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU()}}
	for _, name := range stage.Sections {
		rec, err := stage.ReadRecord(dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("assemble run %s: %w", id, err)
		}
		a, err := store.Get(rec.Report.Artifact)
		if err != nil {
			return nil, fmt.Errorf("assemble run %s: %w", id, err)
		}
		m := a.Manifest
		run.Pipeline = rec.Pipeline
		run.Stages = append(run.Stages, Stage{Stage: name, Version: m.Parts.Version, Settings: rec.Settings, Artifact: a.Ref, Key: m.Key,
			Digest: m.Digest, Inputs: m.Inputs, Files: m.Parts.Files, Backend: m.Parts.Backend, Notes: m.Notes})
		run.Facts.Cached[name], run.Facts.Seconds[name] = rec.Report.Cached, rec.Report.Seconds
		if rec.Ended.After(run.Facts.Ended) {
			run.Facts.Ended = rec.Ended
		}
	}
	if len(run.Stages) == 0 {
		return nil, fmt.Errorf("assemble run %s: %w", id, ErrNothing)
	}
	raw, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("assemble run %s: %w", id, err)
	}
	return run, stage.WriteFile(filepath.Join(dir, "run.json"), append(raw, '\n'))
}

// Read reads a run.json by run id or by path.
func Read(store *artifact.Store, name string) (*Run, error) {
	path := name
	if filepath.Base(name) == name {
		path = filepath.Join(store.RunDir(name), "run.json")
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && path != name {
		if _, err := os.Stat(store.RunDir(name)); err == nil {
			return nil, fmt.Errorf("run %s did not end: only whole runs can be repeated (%w)", name, fs.ErrNotExist)
		}
		return nil, fmt.Errorf("no run %s: `fettle list runs` shows them (%w)", name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read run (want the id of one, or the path of its run.json): %w", err)
	}
	run := new(Run)
	if json.Unmarshal(raw, run) != nil || run.Pipeline == "" || len(run.Stages) == 0 {
		return nil, fmt.Errorf("read run: %s is no run.json, as runs of fettle leave it", path)
	}
	return run, nil
}

// Entry is one line of a list of runs.
type Entry struct {
	ID        string
	Pipeline  string
	Ended     time.Time
	Artifacts []artifact.Ref // in the order of the road
	Whole     bool           // run.json was assembled
}

// List lists the runs of a store, the newest first.
func List(store *artifact.Store) ([]Entry, error) {
	dirs, err := os.ReadDir(filepath.Join(store.Root, "runs"))
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var all []Entry
	for _, d := range dirs {
		e := Entry{ID: d.Name()}
		for _, name := range stage.Sections {
			rec, err := stage.ReadRecord(store.RunDir(e.ID), name)
			if err != nil {
				continue // not ended, or cut off while it was written
			}
			e.Pipeline = rec.Pipeline
			e.Artifacts = append(e.Artifacts, rec.Report.Artifact)
			if rec.Ended.After(e.Ended) {
				e.Ended = rec.Ended
			}
		}
		if _, err := os.Stat(filepath.Join(store.RunDir(e.ID), "run.json")); err == nil {
			e.Whole = true
		}
		if len(e.Artifacts) > 0 {
			all = append(all, e)
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Ended.After(all[j].Ended) })
	return all, nil
}

// Settings is the stages.yaml that repeats the run: JSON is YAML.
func (r *Run) Settings() ([]byte, error) {
	sections := map[string]json.RawMessage{}
	for _, s := range r.Stages {
		sections[s.Stage] = s.Settings
	}
	raw, err := json.MarshalIndent(sections, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("settings of the run: %w", err)
	}
	return append(raw, '\n'), nil
}
