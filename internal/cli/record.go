package cli

import (
	"context"
	"fmt"

	"fettle/internal/runlog"
)

func (a *App) record(_ context.Context, args []string) int {
	fs := a.flags("record", "RUN\n\nAssembles runs/RUN/run.json, the lock file of the run, from what its stages left.")
	storeDir := fs.String("store", "", "folder of the artifacts")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 {
		return a.misuse(fs, "want the id of one run")
	}
	_, store, err := project(*storeDir)
	if err != nil {
		return a.fail("record", err)
	}
	run, err := runlog.Assemble(store, rest[0], a.Version)
	if err != nil {
		return a.fail("record", err)
	}
	fmt.Fprintf(a.Stderr, "run %s: %d stages recorded\n", rest[0], len(run.Stages))
	return 0
}
