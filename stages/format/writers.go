package format

import (
	"sort"

	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"
)

// writers are the tables of the artifact and what was written to them.
type writers struct {
	job           *stage.Job[Settings]
	conv          *table.TypedWriter[schemas.Conversation]
	block         *table.TypedWriter[schemas.Block]
	held          *table.TypedWriter[schemas.Block] // nil: nothing is
	kb            *table.TypedWriter[schemas.Doc]
	quest         *table.TypedWriter[schemas.Question]
	conversations int64
	tooLong       int64
	untrained     int64
	cut           int64
	docs, asked   int64
	tokens        tally // of the blocks that are trained
	heldTokens    tally
	holding       bool // blocks written now are held
	closed        bool
}

// tally counts blocks and their tokens.
type tally struct{ blocks, all, trained int64 }

func newWriters(j *stage.Job[Settings]) (w *writers, err error) {
	w = &writers{job: j}
	if w.conv, err = open[schemas.Conversation](j, "conversations.arrow"); err != nil {
		return nil, err
	}
	if w.block, err = open[schemas.Block](j, "blocks.arrow"); err != nil {
		return nil, err
	}
	if len(j.Settings.Held) > 0 {
		if w.held, err = open[schemas.Block](j, "held.arrow"); err != nil {
			return nil, err
		}
	}
	if j.Settings.Exam == nil {
		return w, nil
	}
	if w.kb, err = open[schemas.Doc](j, "kb.arrow"); err != nil {
		return nil, err
	}
	w.quest, err = open[schemas.Question](j, "questions.arrow")
	return w, err
}

func open[T any](j *stage.Job[Settings], name string) (*table.TypedWriter[T], error) {
	path, err := j.File(name)
	if err != nil {
		return nil, err
	}
	return table.NewWriter[T](path)
}

func (w *writers) conversation(c schemas.Conversation) error {
	w.conversations++
	return w.conv.Write(c)
}

// blocks writes packed blocks in an order of their own: first-fit decreasing puts like lengths together, training wants them mixed.
func (w *writers) blocks(packed [][]example, seed string) error {
	sort.SliceStable(packed, func(i, j int) bool {
		return shortHash(seed, packed[i][0].id) < shortHash(seed, packed[j][0].id)
	})
	for _, examples := range packed {
		if err := w.write(block(examples)); err != nil {
			return err
		}
	}
	return nil
}

// alone writes every example as a block of its own, in the order they come.
func (w *writers) alone(examples []example) error {
	for _, e := range examples {
		if err := w.write(block([]example{e})); err != nil {
			return err
		}
	}
	return nil
}

func (w *writers) write(b schemas.Block) error {
	to, count := w.block, &w.tokens
	if w.holding {
		to, count = w.held, &w.heldTokens
	}
	b.ID = count.blocks
	count.blocks++
	count.all += int64(len(b.InputIDs))
	for _, l := range b.Labels {
		if l != schemas.Untrained {
			count.trained++
		}
	}
	return to.Write(b)
}

func (w *writers) documents(docs []schemas.Doc) error {
	for _, d := range docs {
		w.docs++
		if err := w.kb.Write(d); err != nil {
			return err
		}
	}
	return nil
}

func (w *writers) questions(questions []schemas.Question) error {
	for _, q := range questions {
		w.asked++
		if err := w.quest.Write(q); err != nil {
			return err
		}
	}
	return nil
}

func (w *writers) close() error {
	w.closed = true
	for _, c := range w.all() {
		if err := c.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (w *writers) abort() {
	if !w.closed {
		for _, c := range w.all() {
			c.Close()
		}
	}
}

func (w *writers) all() []interface{ Close() error } {
	all := []interface{ Close() error }{w.conv, w.block}
	if w.held != nil {
		all = append(all, w.held)
	}
	if w.kb != nil {
		all = append(all, w.kb, w.quest)
	}
	return all
}
