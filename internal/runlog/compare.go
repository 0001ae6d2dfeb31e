package runlog

import (
	"fmt"
	"strings"

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
			faults = append(faults, fmt.Sprintf("%s: data digest %.16s, the locked run has %.16s (%s)", s.Stage, now.Digest, s.Digest, why(s, now)))
		}
	}
	return faults
}

func why(was, is Stage) string {
	changes := stage.Changes(was.parts(), is.parts())
	if len(changes) == 0 {
		return "though its key is equal: the machine or the program computes otherwise"
	}
	return "changed: " + strings.Join(changes, "; ")
}

// parts are the parts of the key, with the whole section as settings.
func (s Stage) parts() artifact.Parts {
	p := artifact.Parts{Stage: s.Stage, Version: s.Version, Settings: s.Settings, Files: s.Files, Backend: s.Backend, Inputs: map[string]string{}}
	for name, in := range s.Inputs {
		p.Inputs[name] = in.Digest
	}
	return p
}
