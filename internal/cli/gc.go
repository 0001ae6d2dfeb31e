package cli

import (
	"context"
	"fmt"

	"fettle/internal/artifact"
	"fettle/internal/progress"
	"fettle/internal/runlog"
)

func (a *App) gc(_ context.Context, args []string) int {
	fs := a.flags("gc", "[-keep N] [-yes]\n\nRemoves artifacts that none of the kept runs made or needed, and unfinished work that no process holds.")
	storeDir := fs.String("store", "", "folder of the artifacts")
	keep := fs.Int("keep", 5, "newest runs of each pipeline whose artifacts stay")
	yes := fs.Bool("yes", false, "remove; without it, only say what would be removed")
	if _, code, done := parse(fs, args); done {
		return code
	}
	_, store, err := project(*storeDir)
	if err != nil {
		return a.fail("gc", err)
	}
	runs, err := runlog.List(store)
	if err != nil {
		return a.fail("gc", err)
	}
	count := map[string]int{}
	var refs []artifact.Ref
	for _, run := range runs { // newest first
		if count[run.Pipeline]++; count[run.Pipeline] <= *keep {
			refs = append(refs, run.Artifacts...)
		}
	}
	g, err := store.GC(refs, !*yes)
	if err != nil {
		return a.fail("gc", err)
	}
	for _, ref := range g.Refs {
		fmt.Fprintln(a.Stdout, ref)
	}
	for _, key := range g.Work {
		fmt.Fprintln(a.Stdout, "work/"+key)
	}
	verb := "would remove"
	if *yes {
		verb = "removed"
	}
	fmt.Fprintf(a.Stderr, "%s %d artifacts and %d unfinished works, %s bytes\n", verb, len(g.Refs), len(g.Work), progress.Count(g.Bytes))
	return 0
}
