package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"fettle/internal/artifact"
	"fettle/internal/table"
	"fettle/internal/tokenizer"
	"fettle/schemas"
)

func (a *App) show(_ context.Context, args []string) int {
	fs := a.flags("show", `REF [TABLE] [-n N] [-where EXPR]

Prints rows of an artifact as JSON lines. TABLE is one of its tables by name (rows, conversations, blocks, kb, questions,
predictions, scores, rowloss, dropped, rejects); default: the stage's main one. Token blocks are printed as text: what is
learnt is green on a terminal, elsewhere in ⟦ ⟧. -where compares columns: lang == "zh" && row > 3, text contains "tar".`)
	storeDir := fs.String("store", "", "folder of the artifacts")
	n := fs.Int("n", 10, "rows to print")
	where := fs.String("where", "", "print only rows for which this holds")
	ids := fs.Bool("ids", false, "blocks: print token ids instead of text")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) < 1 || len(rest) > 2 {
		return a.misuse(fs, "want a reference and, at most, one table")
	}
	root, store, err := project(*storeDir)
	if err != nil {
		return a.fail("show", err)
	}
	refs, err := references(store, rest[:1])
	if err != nil {
		return a.fail("show", err)
	}
	c, err := walk(store, refs[0])
	if err != nil {
		return a.fail("show", err)
	}
	art := c[refs[0].Stage()]
	file, err := pick(art, rest[1:])
	if err != nil {
		return a.fail("show", err)
	}
	if file == "blocks.arrow" && !*ids && *where == "" {
		err = a.showBlocks(c, root, store, art, *n)
	} else {
		err = a.showRows(art.Path(file), *n, *where)
	}
	if err != nil {
		return a.fail("show", err)
	}
	return 0
}

// mainTable is what show prints when no table is named.
var mainTable = map[string]string{"ingest": "rows", "clean": "rows", "format": "conversations", "train": "rowloss", "eval": "predictions"}

func pick(art *artifact.Artifact, names []string) (string, error) {
	want := mainTable[art.Ref.Stage()]
	if len(names) == 1 {
		want = names[0]
	}
	var tables []string
	for _, f := range art.Manifest.Data {
		name := strings.TrimSuffix(f.Path, path.Ext(f.Path))
		name = strings.TrimSuffix(name, "/rows") // dropped/rows.arrow is called dropped
		switch path.Ext(f.Path) {
		case ".arrow", ".parquet", ".jsonl":
			if name == want {
				return f.Path, nil
			}
			tables = append(tables, name)
		}
	}
	return "", fmt.Errorf("%s has no table %q: it has %s", art.Ref, want, strings.Join(tables, ", "))
}

// showRows prints rows as JSON lines, the columns in the order of the table.
func (a *App) showRows(file string, n int, where string) error {
	schema, rows, err := table.Head(file, n, where)
	if err != nil {
		return err
	}
	for _, row := range rows {
		values := schema.Map(row)
		for i, f := range schema.Fields {
			sep := ", "
			if i == 0 {
				sep = "{"
			}
			if err := a.showCell(sep, f.Name, values[f.Name]); err != nil {
				return err
			}
		}
		fmt.Fprintln(a.Stdout, "}")
	}
	return nil
}

func (a *App) showCell(sep, name string, value any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.Stdout, "%s%q: %s", sep, name, bytes.TrimSpace(b.Bytes()))
	return err
}

func (a *App) showBlocks(c chain, root string, store *artifact.Store, art *artifact.Artifact, n int) error {
	tok, err := c.tokenizer(root, store)
	if err != nil {
		return err
	}
	on, off := "⟦", "⟧"
	if onTerminal(a.Stdout) {
		on, off = "\x1b[32m", "\x1b[0m"
	}
	for b, err := range table.Read[schemas.Block](art.Path("blocks.arrow")) {
		if err != nil {
			return err
		}
		if n--; n < 0 {
			return nil
		}
		fmt.Fprintf(a.Stdout, "── block %d: %d tokens, %d conversations\n", b.ID, len(b.InputIDs), len(b.Segments))
		for _, s := range b.Segments {
			fmt.Fprintf(a.Stdout, "%s  %s\n", strings.TrimSpace(s.ID+" "+s.Side), marked(tok, b, s, on, off))
		}
	}
	return nil
}

// marked is a segment's text with the learnt runs between on and off.
func marked(tok *tokenizer.Tokenizer, b schemas.Block, s schemas.Segment, on, off string) string {
	var out strings.Builder
	for at := s.Start; at < s.End; {
		end := at
		trained := b.Labels[at] != schemas.Untrained
		for end < s.End && (b.Labels[end] != schemas.Untrained) == trained {
			end++
		}
		text := tok.Decode(b.InputIDs[at:end], false)
		if trained {
			text = on + text + off
		}
		out.WriteString(text)
		at = end
	}
	return out.String()
}
