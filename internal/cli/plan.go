package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"fettle/internal/artifact"
	"fettle/internal/stage"
)

func (a *App) plan(_ context.Context, args []string) int {
	fs := a.flags("plan", "NAME [-set K=V]\n\nSays of every stage of the pipeline whether it is cached, and if not, which part of its key changed since the last run.")
	storeDir := fs.String("store", "", "folder of the artifacts")
	sets := settings(fs)
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 {
		return a.misuse(fs, "want the name of one pipeline")
	}
	p, err := a.pipeline(rest[0], *storeDir)
	if err != nil {
		return a.fail("plan", err)
	}
	config, err := p.resolve(*sets, "plan")
	if err != nil {
		return a.settingsFault("plan", err)
	}
	made := map[string]artifact.Ref{}
	changed := "" // the first stage that must run: what follows cannot be known yet
	for _, name := range p.stages {
		s := a.stage(name)
		if changed != "" && dependsOn(s, made) {
			fmt.Fprintf(a.Stdout, "%-8s depends on %s: runs, unless the new output is equal to the old\n", name, changed)
			continue
		}
		v, err := s.Preview([]string{"-config", config, "-store", p.store.Root}, made, a.Stderr)
		if err != nil && !errors.Is(err, errMissing) {
			return a.settingsFault("plan", err)
		}
		if err != nil || !v.Cached {
			changed = name
			fmt.Fprintf(a.Stdout, "%-8s runs: %s\n", name, why(v))
			delete(made, name)
			continue
		}
		made[name] = v.Ref
		fmt.Fprintf(a.Stdout, "%-8s cached: %s\n", name, v.Ref)
	}
	return 0
}

var errMissing = fs.ErrNotExist

// why says what changed since the pipeline's last run.
func why(v stage.Preview) string {
	switch {
	case v.Previous == nil:
		return "never ran before"
	case len(v.Changes) == 0:
		return "its artifact is gone"
	}
	return "changed: " + strings.Join(v.Changes, "; ")
}

// dependsOn says whether an input of the stage is not known yet.
func dependsOn(s stage.Stage, made map[string]artifact.Ref) bool {
	for _, in := range s.Reads() {
		if _, ok := made[in.Name]; !ok {
			return true
		}
	}
	return false
}
