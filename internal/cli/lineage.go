package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"fettle/internal/artifact"
	"fettle/internal/table"
	"fettle/schemas"
)

func (a *App) lineage(_ context.Context, args []string) int {
	fs := a.flags("lineage", `REF WHAT

Walks from something to the source line it came from, and from that row forward to its fate at every stage up to REF.
WHAT is one of
  block:12             a token block of the format stage, by its number
  0123456789abcdef     a conversation or a row, by its id
  path/to/page.md:1    a row, by file and line inside its source`)
	storeDir := fs.String("store", "", "folder of the artifacts")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 2 {
		return a.misuse(fs, "want a reference and what to look for")
	}
	_, store, err := project(*storeDir)
	if err != nil {
		return a.fail("lineage", err)
	}
	refs, err := references(store, rest[:1])
	if err != nil {
		return a.fail("lineage", err)
	}
	c, err := walk(store, refs[0])
	if err != nil {
		return a.fail("lineage", err)
	}
	if t := c["train"]; t != nil {
		if before, ok := t.Manifest.Inputs["train"]; ok {
			fmt.Fprintf(a.Stdout, "%s goes on from %s: `fettle lineage %s` tells of its rows\n", t.Ref, before.Ref, before.Ref)
		}
	}
	rows, err := a.origins(c, rest[1])
	if err != nil {
		return a.fail("lineage", err)
	}
	for _, row := range rows {
		if err := a.fate(c, row); err != nil {
			return a.fail("lineage", err)
		}
	}
	return 0
}

// origins finds the rows behind a block, a conversation, a row id or a place in a source.
func (a *App) origins(c chain, what string) ([]schemas.Origin, error) {
	if n, ok := strings.CutPrefix(what, "block:"); ok {
		number, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q: want block:NUMBER", what)
		}
		return a.blockOrigins(c, number)
	}
	if o, ok, err := conversationOrigin(c, what); ok || err != nil {
		return []schemas.Origin{o}, err
	}
	ingest := c["ingest"]
	if ingest == nil {
		return nil, fmt.Errorf("%s reaches no ingest artifact", what)
	}
	file, line := what, int64(0)
	if i := strings.LastIndexByte(what, ':'); i >= 0 {
		file = what[:i]
		line, _ = strconv.ParseInt(what[i+1:], 10, 64)
	}
	var found []schemas.Origin
	for _, name := range []string{"rows.parquet", "rejects/rows.arrow"} {
		for o, err := range origins(ingest.Path(name)) {
			if err != nil {
				return nil, err
			}
			if o.ID == what || isFile(o, file) && (line == 0 || o.Row == line) {
				found = append(found, o)
			}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("nothing is called %q: want block:N, an id, or file:line", what)
	}
	return found, nil
}

// isFile says whether a row comes from the file that a user named: by its whole path or the end of it, with the source or not.
func isFile(o schemas.Origin, name string) bool {
	name = strings.TrimPrefix(name, o.Source+":")
	return o.File == name || strings.HasSuffix(o.File, "/"+name)
}

func (a *App) blockOrigins(c chain, number int64) ([]schemas.Origin, error) {
	f := c["format"]
	if f == nil {
		return nil, fmt.Errorf("no format artifact: blocks are its")
	}
	for b, err := range table.Read[schemas.Block](f.Path("blocks.arrow")) {
		if err != nil {
			return nil, err
		}
		if b.ID != number {
			continue
		}
		fmt.Fprintf(a.Stdout, "block %d of %s: %d tokens, %d conversations\n", number, f.Ref, len(b.InputIDs), len(b.Segments))
		ids := map[string]schemas.Segment{}
		for _, s := range b.Segments {
			ids[schemas.ConversationOf(s.ID)] = s
		}
		var all []schemas.Origin
		seen := map[string]bool{}
		for conv, err := range table.Read[schemas.Conversation](f.Path("conversations.arrow")) {
			if err != nil {
				return nil, err
			}
			s, ok := ids[conv.ID]
			if !ok {
				continue
			}
			o := schemas.NewOrigin(conv.Source, conv.File, conv.Row)
			fmt.Fprintf(a.Stdout, "  tokens %d-%d: conversation %s %s from %s:%s:%d\n", s.Start, s.End, strings.TrimSpace(conv.ID+" "+s.Side), conv.Meta, o.Source, o.File, o.Row)
			if !seen[o.ID] {
				seen[o.ID] = true
				all = append(all, o)
			}
		}
		return all, nil
	}
	return nil, fmt.Errorf("%s has no block %d", f.Ref, number)
}

func conversationOrigin(c chain, id string) (schemas.Origin, bool, error) {
	f := c["format"]
	if f == nil || len(id) != 16 {
		return schemas.Origin{}, false, nil
	}
	for conv, err := range table.Read[schemas.Conversation](f.Path("conversations.arrow")) {
		if err != nil {
			return schemas.Origin{}, false, err
		}
		if conv.ID == id {
			return schemas.NewOrigin(conv.Source, conv.File, conv.Row), true, nil
		}
	}
	return schemas.Origin{}, false, nil
}

// origins are the first four columns of any table of rows.
func origins(path string) func(func(schemas.Origin, error) bool) {
	return func(yield func(schemas.Origin, error) bool) {
		r, err := table.Open(path)
		if err != nil {
			yield(schemas.Origin{}, err)
			return
		}
		defer r.Close()
		for row, err := range r.Select("id", "source", "file", "row") {
			var o schemas.Origin
			if err == nil {
				o.ID, _ = row[0].(string)
				o.Source, _ = row[1].(string)
				o.File, _ = row[2].(string)
				o.Row, _ = row[3].(int64)
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// fate prints what became of a row at every stage of the chain.
func (a *App) fate(c chain, o schemas.Origin) error {
	fmt.Fprintf(a.Stdout, "row %s: %s:%s:%d\n", o.ID, o.Source, o.File, o.Row)
	if ingest := c["ingest"]; ingest != nil {
		if gone, err := a.removed(ingest, o); err != nil || gone {
			return err
		}
	}
	if clean := c["clean"]; clean != nil {
		kept, err := a.kept(clean, o)
		if err != nil || !kept {
			return err
		}
	}
	f := c["format"]
	if f == nil {
		return nil
	}
	if gone, err := a.removed(f, o); err != nil || gone {
		return err
	}
	return a.formatted(c, f, o)
}

func (a *App) kept(clean *artifact.Artifact, o schemas.Origin) (bool, error) {
	if gone, err := a.removed(clean, o); err != nil || gone {
		return false, err
	}
	r, err := table.Open(clean.Path("rows.arrow"))
	if err != nil {
		return false, err
	}
	defer r.Close()
	columns := []string{"id"}
	if r.Schema().Index("split") >= 0 {
		columns = append(columns, "split")
	}
	for row, err := range r.Select(columns...) {
		if err != nil {
			return false, err
		}
		if row[0] == any(o.ID) {
			split := ""
			if len(row) > 1 {
				split = fmt.Sprintf(", split %v", row[1])
			}
			fmt.Fprintf(a.Stdout, "  clean  %s: kept%s\n", clean.Ref, split)
			return true, nil
		}
	}
	return false, fmt.Errorf("row %s is in none of the tables of %s", o.ID, clean.Ref)
}

// removed prints the row's drop or reject at a stage.
func (a *App) removed(at *artifact.Artifact, o schemas.Origin) (bool, error) {
	for d, err := range table.Read[schemas.Drop](at.Path("dropped/rows.arrow")) {
		if err != nil {
			return false, err
		}
		if d.ID == o.ID {
			fmt.Fprintf(a.Stdout, "  %-6s %s: dropped by %s: %s %s\n", at.Ref.Stage(), at.Ref, d.Operator, d.Reason, d.Numbers)
			return true, nil
		}
	}
	for d, err := range table.Read[schemas.Reject](at.Path("rejects/rows.arrow")) {
		if err != nil {
			return false, err
		}
		if d.ID == o.ID {
			fmt.Fprintf(a.Stdout, "  %-6s %s: rejected: %s: %s\n", at.Ref.Stage(), at.Ref, d.Reason, d.Detail)
			return true, nil
		}
	}
	return false, nil
}

func (a *App) formatted(c chain, f *artifact.Artifact, o schemas.Origin) error {
	mine := map[string]bool{}
	for conv, err := range table.Read[schemas.Conversation](f.Path("conversations.arrow")) {
		if err != nil {
			return err
		}
		if conv.Source == o.Source && conv.File == o.File && conv.Row == o.Row {
			mine[conv.ID] = true
		}
	}
	var blocks []string
	for b, err := range table.Read[schemas.Block](f.Path("blocks.arrow")) {
		if err != nil {
			return err
		}
		for _, s := range b.Segments {
			if mine[schemas.ConversationOf(s.ID)] {
				blocks = append(blocks, fmt.Sprintf("%d[%d:%d]", b.ID, s.Start, s.End))
			}
		}
	}
	fmt.Fprintf(a.Stdout, "  format %s: %d conversations, in blocks %s\n", f.Ref, len(mine), strings.Join(blocks, " "))
	if err := a.asked(f, o); err != nil {
		return err
	}
	return a.learnt(c["train"], mine)
}

func (a *App) asked(f *artifact.Artifact, o schemas.Origin) error {
	if !f.Has("questions.arrow") {
		return nil
	}
	docs, questions := 0, 0
	for d, err := range table.Read[schemas.Doc](f.Path("kb.arrow")) {
		if err != nil {
			return err
		}
		if strings.HasPrefix(d.DocID, o.ID) {
			docs++
		}
	}
	for q, err := range table.Read[schemas.Question](f.Path("questions.arrow")) {
		if err != nil {
			return err
		}
		if strings.HasPrefix(q.DocID, o.ID) {
			questions++
			fmt.Fprintf(a.Stdout, "         asked (%s): %s\n", q.Wording, q.Question)
		}
	}
	fmt.Fprintf(a.Stdout, "         %d documents of the knowledge base, %d questions\n", docs, questions)
	return nil
}

// learnt prints what the row's conversations cost, epoch by epoch.
func (a *App) learnt(train *artifact.Artifact, mine map[string]bool) error {
	if train == nil {
		return nil
	}
	type key struct{ seed, epoch int64 }
	loss, tokens := map[key]float64{}, map[key]int64{}
	var order []key
	for r, err := range table.Read[schemas.RowLoss](train.Path("rowloss.arrow")) {
		if err != nil {
			return err
		}
		if !mine[schemas.ConversationOf(r.ID)] {
			continue
		}
		k := key{r.Seed, r.Epoch}
		if tokens[k] == 0 {
			order = append(order, k)
		}
		loss[k] += r.Loss * float64(r.Tokens)
		tokens[k] += r.Tokens
	}
	for _, k := range order {
		fmt.Fprintf(a.Stdout, "  train  %s: seed %d, epoch %d: loss %.4f over %d tokens\n", train.Ref, k.seed, k.epoch+1, loss[k]/float64(tokens[k]), tokens[k])
	}
	return nil
}
