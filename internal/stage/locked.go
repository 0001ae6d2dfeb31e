package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fettle/internal/artifact"
)

// Lock is what a stage made in the run that is repeated: its own parts must be equal before it begins, its data after.
type Lock struct {
	Run    string         `json:"run"`
	Parts  artifact.Parts `json:"parts"` // with the whole section as settings, paths and all
	Digest string         `json:"digest"`
}

// lockName is the file of a run's folder that holds the locks, by stage. Each process of the run finds it there, whoever started it.
const lockName = "locked.json"

// WriteLocks makes a run a repetition: each of its stages holds itself to its lock, and one that differs ends the run with 3.
func WriteLocks(runDir string, locks map[string]Lock) error {
	raw, err := json.MarshalIndent(locks, "", "  ")
	if err != nil {
		return fmt.Errorf("lock run: %w", err)
	}
	return WriteFile(filepath.Join(runDir, lockName), append(raw, '\n'))
}

// readLock is the stage's lock; nil where the run repeats none.
func readLock(runDir, stage string) (*Lock, error) {
	raw, err := os.ReadFile(filepath.Join(runDir, lockName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the locked run: %w", err)
	}
	locks := map[string]Lock{}
	if err := json.Unmarshal(raw, &locks); err != nil {
		return nil, fmt.Errorf("read the locked run: %w", err)
	}
	l, ok := locks[stage]
	if !ok {
		return nil, gateError(fmt.Sprintf("the locked run has no stage %s", stage))
	}
	return &l, nil
}

// whole is the plan's parts as a lock has them.
func (p *plan[S]) whole() artifact.Parts {
	parts := p.parts
	parts.Settings = p.section
	return parts
}

// lock is the lock that the run puts on the stage, and whether it lets the stage begin.
func (p *plan[S]) lock(runDir string) (*Lock, error) {
	l, err := readLock(runDir, p.parts.Stage)
	if err != nil {
		return nil, err
	}
	return l, l.begin(p.whole())
}

// begin refuses work that cannot come to the locked data: another version of the stage's code, other inputs or contents, or
// another backend. Settings are the locked run's own; what a newer program adds to them are defaults, which change nothing.
func (l *Lock) begin(is artifact.Parts) error {
	if l == nil {
		return nil
	}
	was := l.Parts
	was.Settings, is.Settings = nil, nil
	if changes := Changes(was, is); len(changes) > 0 {
		return gateError(fmt.Sprintf("not begun, it would not repeat run %s: changed: %s", l.Run, strings.Join(changes, "; ")))
	}
	return nil
}

// holds compares what the stage made, or found made, with its lock.
func (p *plan[S]) holds(l *Lock, made artifact.Ref) error {
	if l == nil {
		return nil
	}
	a, err := p.store.Get(made)
	if err != nil || a.Manifest.Digest == l.Digest {
		return err
	}
	return gateError(fmt.Sprintf("data digest %.16s, run %s has %.16s (%s)", a.Manifest.Digest, l.Run, l.Digest, Differs(l.Parts, p.whole())))
}

// Differs says why two stages' data may differ.
func Differs(was, is artifact.Parts) string {
	changes := Changes(was, is)
	if len(changes) == 0 {
		return "though its key is equal: the machine or the program computes otherwise"
	}
	return "changed: " + strings.Join(changes, "; ")
}
