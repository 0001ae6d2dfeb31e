package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"fettle/internal/artifact"
	"fettle/internal/config"
	"fettle/internal/progress"
	"fettle/internal/runlog"
	"fettle/internal/stage"
)

func (a *App) list(_ context.Context, args []string) int {
	fs := a.flags("list", `[WHAT]

WHAT: pipelines, runs, artifacts (of the project), times [RUN] for a table of what each stage of a run took, or a stage's name
for what its settings may hold; default: pipelines, runs and artifacts.`)
	storeDir := fs.String("store", "", "folder of the artifacts")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	what := ""
	if len(rest) > 0 {
		what = rest[0]
	}
	if s := a.stage(what); s != nil {
		a.listSettings(s.Sample())
		return 0
	}
	root, store, err := project(*storeDir)
	if err != nil {
		return a.fail("list", err)
	}
	known := map[string]func() error{
		"pipelines": func() error {
			for _, name := range pipelineNames(root) {
				fmt.Fprintln(a.Stdout, name)
			}
			return nil
		},
		"runs":      func() error { return a.listRuns(store) },
		"artifacts": func() error { return a.listArtifacts(store) },
		"times":     func() error { return a.listTimes(store, rest[1:]) },
	}
	if what == "" {
		for _, name := range []string{"pipelines", "runs", "artifacts"} {
			fmt.Fprintf(a.Stdout, "── %s\n", name)
			if err := known[name](); err != nil {
				return a.fail("list", err)
			}
		}
		return 0
	}
	show := known[what]
	if show == nil {
		return a.misuse(fs, "%q is nothing to list: want pipelines, runs, artifacts, times or a stage (%s)", what, strings.Join(stage.Sections, ", "))
	}
	if err := show(); err != nil {
		return a.fail("list", err)
	}
	return 0
}

func (a *App) listRuns(store *artifact.Store) error {
	runs, err := runlog.List(store)
	for _, r := range runs {
		var refs []string
		for _, ref := range r.Artifacts {
			refs = append(refs, string(ref))
		}
		fmt.Fprintf(a.Stdout, "%s  %-12s %-38s %s\n", r.Ended.Local().Format(time.DateTime), r.Pipeline, r.ID, strings.Join(refs, " "))
	}
	return err
}

func (a *App) listArtifacts(store *artifact.Store) error {
	refs, err := store.List()
	if err != nil {
		return err
	}
	for _, ref := range refs {
		art, err := store.Get(ref)
		if err != nil {
			fmt.Fprintf(a.Stdout, "%-26s damaged: %v (fettle verify)\n", ref, err)
			continue
		}
		size := int64(0)
		for _, f := range append(art.Manifest.Data, art.Manifest.Facts...) {
			size += f.Size
		}
		fmt.Fprintf(a.Stdout, "%-26s %14s bytes  data %s\n", ref, progress.Count(size), art.Manifest.Digest[:16])
	}
	return nil
}

// listTimes prints a Markdown table of what each stage of a run (default: the newest) took when it was computed.
func (a *App) listTimes(store *artifact.Store, names []string) error {
	runs, err := runlog.List(store)
	if err != nil || len(runs) == 0 {
		return err
	}
	run := runs[0]
	for _, r := range runs {
		if len(names) > 0 && r.ID == names[0] {
			run = r
		}
	}
	fmt.Fprintf(a.Stdout, "| stage | rows in | rows out | seconds | peak memory, MB |\n|---|---:|---:|---:|---:|\n")
	for _, ref := range run.Artifacts {
		art, err := store.Get(ref)
		if err != nil {
			return err
		}
		var r stage.Report
		if err := json.Unmarshal(art.Manifest.Report, &r); err != nil {
			return err
		}
		fmt.Fprintf(a.Stdout, "| %s | %s | %s | %.1f | %v |\n", r.Stage, progress.Count(r.Rows.In), progress.Count(r.Rows.Out), r.Seconds, r.Figures["peak_rss_mb"])
	}
	return nil
}

// listSettings prints every setting of a stage with its type, default and meaning.
func (a *App) listSettings(sample any) { fmt.Fprint(a.Stdout, config.Docs(sample)) }
