package runlog

import (
	"fmt"

	"fettle/internal/artifact"
	"fettle/internal/stage"
)

// Compare says where a run differs from the one it repeats: every data digest must be equal. Of a stage that differs it says
// which parts of the key do too.
func Compare(was, is *Run) []string {
	stages := map[string]Stage{}
	for _, s := range is.Stages {
		stages[s.Stage] = s
	}
	var faults []string
	for _, s := range was.Stages {
		switch now, ok := stages[s.Stage]; {
		case !ok:
			faults = append(faults, fmt.Sprintf("%s did not run", s.Stage))
		case now.Digest != s.Digest:
			faults = append(faults, fmt.Sprintf("%s: data digest %.16s, the locked run has %.16s (%s)", s.Stage, now.Digest, s.Digest, stage.Differs(s.parts(), now.parts())))
		}
	}
	return faults
}

// parts are the parts of the key, with the whole section as settings.
func (s Stage) parts() artifact.Parts {
	p := artifact.Parts{Stage: s.Stage, Version: s.Version, Settings: s.Settings, Files: s.Files, Backend: s.Backend, Inputs: map[string]string{}}
	for name, in := range s.Inputs {
		p.Inputs[name] = in.Digest
	}
	return p
}

// Locks are what a run that repeats this one must come to, by stage.
func (r *Run) Locks() map[string]stage.Lock {
	locks := map[string]stage.Lock{}
	for _, s := range r.Stages {
		locks[s.Stage] = stage.Lock{Run: r.Facts.ID, Parts: s.parts(), Digest: s.Digest}
	}
	return locks
}
