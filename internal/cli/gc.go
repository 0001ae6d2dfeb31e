package cli

import (
	"context"
	"fmt"
	"time"

	"fettle/internal/artifact"
	"fettle/internal/progress"
	"fettle/internal/runlog"
)

func (a *App) gc(_ context.Context, args []string) int {
	fs := a.flags("gc", "[-keep N] [-yes]\n\nRemoves artifacts beyond the newest of each pipeline and stage, but for what those were made from. Unfinished work stays, so\nthat the same command goes on with it, unless -work is given. Nothing that a process computes is touched.")
	storeDir := fs.String("store", "", "folder of the artifacts")
	keep := fs.Int("keep", 5, "artifacts of each pipeline and stage that stay, the newest, with all they were made from")
	work := fs.Bool("work", false, "also remove unfinished work, checkpoints of interrupted trainings with it")
	yes := fs.Bool("yes", false, "remove; without it, only say what would be removed")
	if code, done := a.parseFlags(fs, args); done {
		return code
	}
	if *keep < 0 {
		return a.misuse(fs, "-keep %d: want 0 (nothing) or more", *keep)
	}
	_, store, err := project(*storeDir)
	if err != nil {
		return a.fail("gc", err)
	}
	kept := func() ([]artifact.Ref, error) {
		runs, err := runlog.List(store)
		return newest(runs, *keep), err
	}
	g, err := store.GC(kept, artifact.GCOptions{Dry: !*yes, Work: *work})
	if err != nil {
		return a.fail("gc", err)
	}
	for _, ref := range g.Refs {
		fmt.Fprintln(a.Stdout, ref)
	}
	for _, w := range g.Work {
		fmt.Fprintf(a.Stdout, "work/%s, unfinished work of %s since %s\n", w.Key16, w.Stage, w.Since.Local().Format(time.DateTime))
	}
	if !*work && g.Kept > 0 {
		fmt.Fprintf(a.Stderr, "%d unfinished works stay: the same command goes on with them (-work removes them)\n", g.Kept)
	}
	verb := "would remove"
	if *yes {
		verb = "removed"
	}
	fmt.Fprintf(a.Stderr, "%s %d artifacts and %d unfinished works, %s bytes\n", verb, len(g.Refs), len(g.Work), progress.Count(g.Bytes))
	return 0
}

// newest are the newest artifacts of each stage of each pipeline. What failed runs never made takes nothing from the others.
func newest(runs []runlog.Entry, keep int) []artifact.Ref {
	kept := map[string]map[artifact.Ref]bool{}
	var refs []artifact.Ref
	for _, run := range runs { // newest first
		for _, ref := range run.Artifacts {
			at := run.Pipeline + "/" + ref.Stage()
			if kept[at] == nil {
				kept[at] = map[artifact.Ref]bool{}
			}
			if len(kept[at]) < keep && !kept[at][ref] {
				kept[at][ref] = true
				refs = append(refs, ref)
			}
		}
	}
	return refs
}
