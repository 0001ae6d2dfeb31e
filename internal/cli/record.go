package cli

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"

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
	if _, err := os.Stat(store.RunDir(rest[0])); err != nil {
		return a.fail("record", fmt.Errorf("no run %s: `fettle list runs` shows them (%w)", rest[0], iofs.ErrNotExist))
	}
	run, err := runlog.Assemble(store, rest[0], a.Version)
	if errors.Is(err, runlog.ErrNothing) { // its first stage failed: no fault of the handler that records
		fmt.Fprintf(a.Stderr, "run %s: nothing to record: %v\n", rest[0], runlog.ErrNothing)
		return 0
	}
	if err != nil {
		return a.fail("record", err)
	}
	fmt.Fprintf(a.Stderr, "run %s: %d stages recorded\n", rest[0], len(run.Stages))
	return 0
}
