package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func (a *App) export(_ context.Context, args []string) int {
	fs := a.flags("export", "REF -to DIR\n\nCopies what the train stage made (adapters/ or model/) to a folder of yours.")
	storeDir := fs.String("store", "", "folder of the artifacts")
	to := fs.String("to", "", "folder to write to; files of the same names are replaced")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 || *to == "" {
		return a.misuse(fs, "want one reference and -to DIR")
	}
	_, store, err := project(*storeDir)
	if err != nil {
		return a.fail("export", err)
	}
	refs, err := references(store, rest)
	if err != nil {
		return a.fail("export", err)
	}
	art, err := store.Get(refs[0])
	if err != nil {
		return a.fail("export", err)
	}
	copied := 0
	for _, f := range art.Manifest.Data {
		name, ok := strings.CutPrefix(f.Path, "model/")
		if !ok {
			if name, ok = strings.CutPrefix(f.Path, "adapters/"); !ok {
				continue
			}
		}
		if err := copyTo(filepath.Join(*to, filepath.FromSlash(name)), art.Path(f.Path)); err != nil {
			return a.fail("export", err)
		}
		copied++
	}
	if copied == 0 {
		return a.fail("export", fmt.Errorf("%s holds no model and no adapter: export what the train stage made", refs[0]))
	}
	fmt.Fprintf(a.Stderr, "%d files of %s in %s\n", copied, refs[0], *to)
	return 0
}

func copyTo(to, from string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
