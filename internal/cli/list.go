package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"fettle/internal/artifact"
	"fettle/internal/config"
	"fettle/internal/progress"
	"fettle/internal/runlog"
)

func (a *App) list(_ context.Context, args []string) int {
	fs := a.flags("list", `[WHAT]

WHAT: pipelines, runs, artifacts (of the project), or a stage's name for what its settings may hold; default: everything short.`)
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
		return a.misuse(fs, "unknown %q", what)
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
			return err
		}
		size := int64(0)
		for _, f := range append(art.Manifest.Data, art.Manifest.Facts...) {
			size += f.Size
		}
		fmt.Fprintf(a.Stdout, "%-26s %14s bytes  data %s\n", ref, progress.Count(size), art.Manifest.Digest[:16])
	}
	return nil
}

// listSettings prints every setting of a stage with its type, default and meaning.
func (a *App) listSettings(sample any) { fmt.Fprint(a.Stdout, config.Docs(sample)) }
