package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fettle/internal/artifact"
	"fettle/internal/backend"
	"fettle/internal/progress"
	"fettle/internal/runlog"
	"fettle/internal/stage"
)

func (a *App) run(ctx context.Context, args []string) int {
	fs := a.flags("run", `NAME [-local] [-backend NAME] [-set train.optimizer.lr=1e-4] [-locked RUN]

Runs a pipeline to its end, with live progress, and ends with the exit code of what happened. Through Dagu by default: the
same DAG that the scheduler starts. -local runs the DAG's steps in this process, one after the other.`)
	storeDir := fs.String("store", "", "folder of the artifacts")
	local := fs.Bool("local", false, "without Dagu: the DAG's steps in their order, in this process")
	locked := fs.String("locked", "", "repeat this `RUN` (its id or run.json), prove that every data digest is equal, and stop at the first stage that differs")
	sets := settings(fs)
	backendName := backend.Flag(fs, "what computes in all stages, whatever their settings say", "")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 {
		return a.misuse(fs, "want the name of one pipeline")
	}
	if *locked == "" && given(fs, "locked") { // a shell's variable that is not set
		return a.misuse(fs, "-locked: want the run to repeat, its id or run.json")
	}
	if *locked != "" && (len(*sets) > 0 || *backendName != "") {
		return a.misuse(fs, "-set or -backend, and -locked: a locked run repeats its own settings")
	}
	p, err := a.pipeline(rest[0], *storeDir)
	if err != nil {
		return a.settingsFault("run", err)
	}
	*sets = append(*sets, a.onBackend(p, *backendName)...)
	if *local {
		a.prepare(p, *sets)
	}
	id := time.Now().UTC().Format("20060102-150405") + fmt.Sprintf("-%s-%d", p.name, os.Getpid())
	file, was, err := p.settingsOf(*sets, *locked, id)
	if err != nil {
		return a.settingsFault("run", err)
	}
	if err := a.check(p, file, *sets); err != nil {
		return a.settingsFault("run", err)
	}
	started := time.Now()
	if *local {
		code = a.runLocal(ctx, p, file, id)
	} else {
		code = a.runDagu(ctx, p, file, id)
	}
	if code != 0 {
		return code
	}
	return a.finish(p, id, was, time.Since(started))
}

// settingsOf gives the settings file of a run: the pipeline's, one changed by -set, or that of a locked run.
func (p *pipeline) settingsOf(sets []string, locked, id string) (string, *runlog.Run, error) {
	if locked == "" {
		path, err := p.resolve(sets, id)
		return path, nil, err
	}
	was, err := runlog.Read(p.store, locked)
	if err != nil {
		return "", nil, err
	}
	if was.Pipeline != p.name {
		return "", nil, fmt.Errorf("run %s is of pipeline %s, not %s", locked, was.Pipeline, p.name)
	}
	if diff := unlike(was, p.stages); diff != "" {
		return "", nil, fmt.Errorf("run %s cannot be repeated: %s", locked, diff)
	}
	raw, err := was.Settings()
	if err != nil {
		return "", nil, err
	}
	path := filepath.Join(p.store.RunDir(id), p.name, "stages.yaml")
	return path, was, errors.Join(stage.WriteFile(path, raw), stage.WriteLocks(p.store.RunDir(id), was.Locks()))
}

// unlike says how the stages of a run are not those that the pipeline has now; "" = they are.
func unlike(was *runlog.Run, stages []string) string {
	var had []string
	for _, s := range was.Stages {
		had = append(had, s.Stage)
	}
	now := slices.Clone(stages)
	slices.Sort(now)
	if slices.Equal(slices.Sorted(slices.Values(had)), slices.Compact(now)) {
		return ""
	}
	return fmt.Sprintf("it has the stages %s, the pipeline runs %s", strings.Join(had, ", "), strings.Join(stages, ", "))
}

// finish records the run, checks it against the one it repeats, and tells the outcome.
func (a *App) finish(p *pipeline, id string, was *runlog.Run, took time.Duration) int {
	run, err := runlog.Assemble(p.store, id, a.Version)
	if err != nil {
		return a.fail("run", err)
	}
	for _, s := range run.Stages {
		state := fmt.Sprintf("%8.1f s", run.Facts.Seconds[s.Stage])
		if run.Facts.Cached[s.Stage] {
			state = "    cached"
		}
		fmt.Fprintf(a.Stderr, "%-8s %s  %s\n", s.Stage, state, s.Artifact)
	}
	if was != nil {
		if faults := runlog.Compare(was, run); len(faults) > 0 {
			return a.fail("run", fmt.Errorf("not equal to the locked run:\n  %s", strings.Join(faults, "\n  ")))
		}
		fmt.Fprintf(a.Stderr, "every data digest is equal to the locked run's\n")
	}
	a.summary(p.store, run)
	fmt.Fprintf(a.Stderr, "run %s: %s\n", id, progress.Duration(took.Seconds()))
	return 0
}

// summary prints what the eval stage has to say, and where its report is.
func (a *App) summary(store *artifact.Store, run *runlog.Run) {
	for _, s := range run.Stages {
		art, err := store.Get(s.Artifact)
		if s.Stage != "eval" || err != nil {
			continue
		}
		if text, err := os.ReadFile(art.Path("summary.txt")); err == nil {
			fmt.Fprintf(a.Stdout, "\n%s", text)
		}
		if art.Has("report.html") {
			fmt.Fprintf(a.Stdout, "\nreport: %s\n", art.Path("report.html"))
		}
	}
}
