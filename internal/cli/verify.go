package cli

import (
	"context"
	"fmt"

	"fettle/internal/artifact"
)

func (a *App) verify(_ context.Context, args []string) int {
	fs := a.flags("verify", "[REF...] [-remove]\n\nHashes every file of the artifacts (default: all of the store) and compares with their manifests.")
	storeDir := fs.String("store", "", "folder of the artifacts")
	remove := fs.Bool("remove", false, "remove what is damaged, so that the next run makes it again")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	_, store, err := project(*storeDir)
	if err != nil {
		return a.fail("verify", err)
	}
	refs, err := references(store, rest)
	if err != nil {
		return a.fail("verify", err)
	}
	var bad []artifact.Ref
	beside := 0
	for _, ref := range refs {
		faults, strays, err := store.Inspect(ref)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", ref, err))
		}
		for _, f := range append(faults, strays...) {
			fmt.Fprintln(a.Stdout, f)
		}
		beside += len(strays)
		if len(faults) > 0 {
			bad = append(bad, ref)
		} else {
			fmt.Fprintf(a.Stdout, "%s: whole\n", ref)
		}
	}
	if beside > 0 {
		fmt.Fprintf(a.Stderr, "%d files lie beside what was made: they take nothing from it, and may be removed by hand\n", beside)
	}
	switch {
	case len(bad) == 0:
		return min(beside, 1)
	case !*remove:
		fmt.Fprintf(a.Stderr, "fettle verify: %d of %d artifacts are damaged: -remove removes them, so that the next run makes them again\n", len(bad), len(refs))
		return 1
	}
	for _, ref := range bad {
		if err := store.Remove(ref); err != nil {
			return a.fail("verify", err)
		}
	}
	fmt.Fprintf(a.Stderr, "removed %d of %d artifacts; the next run makes them again\n", len(bad), len(refs))
	return 0
}

// references reads the references given, or lists all.
func references(store *artifact.Store, names []string) ([]artifact.Ref, error) {
	if len(names) == 0 {
		return store.List()
	}
	var refs []artifact.Ref
	for _, name := range names {
		ref, err := artifact.ParseRef(name)
		if err != nil {
			return nil, err
		}
		refs = append(refs, ref)
	}
	return refs, nil
}
