package stage

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"fettle/internal/artifact"
	"fettle/internal/modeldir"
	"fettle/internal/progress"
	"fettle/internal/table"
	"fettle/schemas"
)

// Job is one computation of one key.
type Job[S any] struct {
	Settings S
	Root     string                        // project root: path settings are relative to it
	Dir      string                        // what is written here becomes the artifact
	Work     string                        // checkpoints: survives a crash, is found again by the same key
	In       map[string]*artifact.Artifact // by input name; optional inputs may be missing
	Backend  string                        // resolved compute backend, for the stages that have one
	Workers  int                           // how many goroutines; never changes a byte of the output
	Hash     modeldir.Hash                 // digest of a file, remembered while it does not change
	Progress *progress.Reporter

	ledger
	writer *artifact.Writer
	notes  map[string]any
}

// Path resolves a path setting.
func (j *Job[S]) Path(setting string) string {
	if filepath.IsAbs(setting) {
		return setting
	}
	return filepath.Join(j.Root, setting)
}

// File is the path of a file of the artifact; its folder is made.
func (j *Job[S]) File(name string) (string, error) {
	path := filepath.Join(j.Dir, filepath.FromSlash(name))
	return path, os.MkdirAll(filepath.Dir(path), 0o755)
}

// Fact marks a file of the artifact as a fact (times, machine, pages): no part of its digest.
func (j *Job[S]) Fact(name string) { j.writer.Fact(name) }

// Note records something that later stages must agree with (model name, digests, seeds) in the manifest.
func (j *Job[S]) Note(name string, value any) { j.notes[name] = value }

// ledger counts every input row once and keeps the rows that were not kept.
type ledger struct {
	dir       string
	mu        sync.Mutex
	rows      Rows
	droppedBy map[string]map[string]int64
	figures   map[string]any
	dropped   *table.TypedWriter[schemas.Drop]
	rejected  *table.TypedWriter[schemas.Reject]
}

// Keep counts an input row that was kept. What is written for it is counted by Out.
func (l *ledger) Keep(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows.In += n
	l.rows.Kept += n
}

// Out counts rows written.
func (l *ledger) Out(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows.Out += n
}

// Drop counts an input row that an operator removed, and keeps it in dropped/rows.arrow in the order of the calls.
func (l *ledger) Drop(d schemas.Drop) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows.In++
	l.rows.Dropped++
	if l.droppedBy[d.Operator] == nil {
		l.droppedBy[d.Operator] = map[string]int64{}
	}
	l.droppedBy[d.Operator][d.Reason]++
	d.Text = cut(d.Text)
	return write(&l.dropped, filepath.Join(l.dir, "dropped", "rows.arrow"), d)
}

// Reject counts an input that could not become a row, and keeps it in rejects/rows.arrow in the order of the calls.
func (l *ledger) Reject(r schemas.Reject) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows.In++
	l.rows.Rejected++
	r.Raw = cut(r.Raw)
	return write(&l.rejected, filepath.Join(l.dir, "rejects", "rows.arrow"), r)
}

// Figure adds a figure of the stage to the report.
func (l *ledger) Figure(name string, value any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.figures[name] = value
}

func write[T any](w **table.TypedWriter[T], path string, row T) error {
	if *w == nil {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		opened, err := table.NewWriter[T](path)
		if err != nil {
			return err
		}
		*w = opened
	}
	return (*w).Write(row)
}

// close ends the two tables; both exist in every artifact, so that readers need not ask. The first error is told: a full disk
// would make the others.
func (l *ledger) close() error {
	if err := end(l.dropped, filepath.Join(l.dir, "dropped", "rows.arrow")); err != nil {
		return err
	}
	if err := end(l.rejected, filepath.Join(l.dir, "rejects", "rows.arrow")); err != nil {
		return err
	}
	if r := l.rows; r.In != r.Kept+r.Dropped+r.Rejected {
		return fmt.Errorf("rows do not add up: %d in, %d kept, %d dropped, %d rejected", r.In, r.Kept, r.Dropped, r.Rejected)
	}
	return nil
}

func end[T any](w *table.TypedWriter[T], path string) error {
	if w == nil {
		return writeEmpty[T](path)
	}
	return w.Close()
}

func writeEmpty[T any](path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	w, err := table.NewWriter[T](path)
	if err != nil {
		return err
	}
	return w.Close()
}

const rawLimit = 2000 // bytes of a dropped or rejected text that are kept

func cut(s string) string {
	if len(s) <= rawLimit {
		return s
	}
	n := rawLimit
	for n > 0 && s[n]&0xC0 == 0x80 { // not inside a character
		n--
	}
	return s[:n]
}

// Numbers is the canonical JSON of what an operator measured, for Drop.Numbers.
func Numbers(pairs map[string]any) string {
	if len(pairs) == 0 {
		return "{}"
	}
	raw, err := json.Marshal(pairs)
	if err != nil {
		panic(fmt.Sprintf("stage: numbers: %v", err))
	}
	return string(raw)
}
