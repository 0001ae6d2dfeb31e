package cli

import (
	"context"
	"fmt"
	"strings"

	"fettle/internal/artifact"
	"fettle/internal/backend"
	"fettle/internal/stage"
)

func (a *App) plan(_ context.Context, args []string) int {
	fs := a.flags("plan", "NAME [-set K=V] [-backend NAME]\n\nSays of every stage of the pipeline whether it is cached, and if not, which part of its key changed since the last run.")
	storeDir := fs.String("store", "", "folder of the artifacts")
	sets := settings(fs)
	backendName := backend.Flag(fs, "what would compute, whatever the settings say", "")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 {
		return a.misuse(fs, "want the name of one pipeline")
	}
	p, err := a.pipeline(rest[0], *storeDir)
	if err != nil {
		return a.settingsFault("plan", err)
	}
	*sets = append(*sets, a.onBackend(p, *backendName)...)
	config, err := p.resolve(*sets, "plan")
	if err != nil {
		return a.settingsFault("plan", err)
	}
	if err := a.check(p, config, *sets); err != nil {
		return a.settingsFault("plan", err)
	}
	made := map[string]artifact.Ref{}
	pending := map[string]bool{} // stages that must run: what reads them cannot be known yet
	for _, name := range p.stages {
		s := a.stage(name)
		if on := dependsOn(s, pending); on != "" {
			pending[name] = true
			fmt.Fprintf(a.Stdout, "%-8s depends on %s: runs, unless the new output is equal to the old\n", name, on)
			continue
		}
		v, err := s.Preview([]string{"-config", config, "-store", p.store.Root}, made, a.Stderr)
		if err != nil {
			return a.settingsFault("plan", err)
		}
		if !v.Cached {
			pending[name] = true
			fmt.Fprintf(a.Stdout, "%-8s runs: %s\n", name, why(v))
			continue
		}
		made[name] = v.Ref
		fmt.Fprintf(a.Stdout, "%-8s cached: %s\n", name, v.Ref)
	}
	return 0
}

// why says what changed since the pipeline's last run.
func why(v stage.Preview) string {
	switch {
	case v.Gone != "":
		return "what the last run made is gone: " + string(v.Gone)
	case v.Previous == nil:
		return "never ran before"
	}
	return "changed: " + strings.Join(v.Changes, "; ")
}

// dependsOn names the inputs of the stage that must be made first.
func dependsOn(s stage.Stage, pending map[string]bool) string {
	var names []string
	for _, in := range s.Reads() {
		if pending[in.Name] || in.Or != "" && pending[in.Or] {
			names = append(names, in.Name)
		}
	}
	return strings.Join(names, " and ")
}
