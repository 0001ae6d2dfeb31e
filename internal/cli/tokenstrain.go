package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"fettle/internal/table"
	"fettle/internal/tokenizer"
)

func (a *App) tokensTrain(_ context.Context, args []string) int {
	fs := a.flags("tokens train", `-in REF|TABLE -out tokenizer.json [-field text] [-split base] [-vocab 4096]

Learns a byte-level BPE vocabulary from a column of a table (.arrow, .parquet, .jsonl) or of an artifact's rows.`)
	storeDir := fs.String("store", "", "folder of the artifacts")
	in := fs.String("in", "", "artifact of ingest or clean, or a table")
	out := fs.String("out", "", "tokenizer.json to write")
	field := fs.String("field", "text", "column of the text")
	split := fs.String("split", "", "only rows of this split")
	vocab := fs.Int("vocab", 4096, "tokens of the vocabulary, special ones included")
	least := fs.Int("min-frequency", 2, "pairs seen less often are not merged")
	special := fs.String("special", "", "special tokens, separated by commas: the first ids")
	if code, done := a.parseFlags(fs, args); done {
		return code
	}
	if *in == "" || *out == "" {
		return a.misuse(fs, "want -in and -out")
	}
	o := tokenizer.TrainOptions{VocabSize: *vocab, MinFrequency: *least, Alphabet: true}
	if *special != "" {
		o.Special = strings.Split(*special, ",")
	}
	if alphabet := 256 + len(o.Special); *vocab < alphabet {
		return a.misuse(fs, "-vocab is %d: the bytes and the special tokens alone are %d", *vocab, alphabet)
	}
	if err := writable(*out); err != nil {
		return a.fail("tokens train", err)
	}
	path, err := a.tableOf(*in, *storeDir)
	if err == nil {
		if _, statErr := os.Stat(path); statErr != nil {
			err = fmt.Errorf("-in %s: there is no such file, and it is no artifact of a store here", *in)
		}
	}
	if err != nil {
		return a.fail("tokens train", err)
	}
	texts := &columnReader{path: path, field: *field, split: *split}
	t, err := tokenizer.Train(o, texts.each)
	if err == nil {
		err = texts.err
	}
	if err == nil {
		err = t.Save(*out)
	}
	if err != nil {
		return a.fail("tokens train", err)
	}
	fmt.Fprintf(a.Stderr, "%d tokens learnt from %d texts: %s\n", len(t.Vocab), texts.read, *out)
	return 0
}

// tableOf is the path of a table given by itself or by an artifact.
func (a *App) tableOf(name, storeDir string) (string, error) {
	_, store, err := project(storeDir)
	if err != nil {
		return name, nil // no project: a file of its own
	}
	refs, err := references(store, []string{name})
	if err != nil {
		return name, nil
	}
	art, err := store.Get(refs[0])
	if err != nil {
		return "", err
	}
	file, err := pick(art, nil)
	return art.Path(file), err
}

// columnReader yields one column of a table, and keeps the error that ended it.
type columnReader struct {
	path, field, split string
	read               int
	err                error
}

func (c *columnReader) each(yield func(string) bool) {
	r, err := table.Open(c.path)
	if err != nil {
		c.err = err
		return
	}
	defer r.Close()
	columns := []string{c.field}
	if c.split != "" {
		columns = append(columns, "split")
	}
	for row, err := range r.Select(columns...) {
		if err != nil {
			c.err = err
			return
		}
		if c.split != "" && row[1] != any(c.split) {
			continue
		}
		text, _ := row[0].(string)
		c.read++
		if !yield(text) {
			return
		}
	}
	if c.read == 0 {
		c.err = fmt.Errorf("no row of %s has split %q", c.path, c.split)
	}
}
