package cli

import (
	"context"
	"encoding/json"

	"fettle/internal/inspect"
)

func (a *App) inspect(_ context.Context, args []string) int {
	fs := a.flags("inspect", `DIR [-seq N] [-batch N] [-rank N] [-json]

Says what a model directory holds: family, size, memory needed to run and to tune it, template and end tokens, what is odd about
it, and whether it suits tuning. Reads configs and headers only.`)
	var o inspect.Options
	fs.IntVar(&o.Seq, "seq", 0, "positions of a row (default: what the model was made for, at most 2048)")
	fs.IntVar(&o.Batch, "batch", 1, "rows at once")
	fs.IntVar(&o.Rank, "rank", 16, "rank of the adapters")
	asJSON := fs.Bool("json", false, "print one JSON object")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 || o.Seq < 0 || o.Batch < 1 || o.Rank < 1 {
		return a.misuse(fs, "want one model directory, and batch and rank from 1")
	}
	r, err := inspect.Read(rest[0], o)
	if err != nil {
		return a.fail("inspect", err)
	}
	if !*asJSON {
		r.Print(a.Stdout)
		return 0
	}
	enc := json.NewEncoder(a.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return a.fail("inspect", err)
	}
	return 0
}
