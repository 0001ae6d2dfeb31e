package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"fettle/internal/artifact"
	"fettle/internal/rundiff"
	"fettle/internal/runlog"
)

func (a *App) diff(_ context.Context, args []string) int {
	fs := a.flags("diff", `A B [-rows N] [-json]

Compares two trainings, each named by a run (fettle list runs) or an artifact of the train stage: what was set otherwise at any
stage up to them, losses side by side and the step where they part, losses by source, and the conversations that differ most.`)
	storeDir := fs.String("store", "", "folder of the artifacts")
	rows := fs.Int("rows", 10, "conversations to name")
	steps := fs.Int("steps", 12, "steps to print")
	asJSON := fs.Bool("json", false, "print everything as one JSON object, all steps among it")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 2 {
		return a.misuse(fs, "want two runs or artifacts")
	}
	if *rows < 0 || *steps < 0 {
		return a.misuse(fs, "-rows and -steps must be 0 or more")
	}
	_, store, err := project(*storeDir)
	if err != nil {
		return a.fail("diff", err)
	}
	var sides [2]rundiff.Side
	for i, name := range rest {
		if sides[i], err = side(store, name); err != nil {
			return a.fail("diff", err)
		}
	}
	d, err := rundiff.Compare(sides[0], sides[1], *rows)
	if err != nil {
		return a.fail("diff", err)
	}
	if *asJSON {
		raw, err := json.Marshal(d)
		if err != nil {
			return a.fail("diff", err)
		}
		fmt.Fprintf(a.Stdout, "%s\n", raw)
		return 0
	}
	rundiff.Printer{Out: a.Stdout, Steps: *steps, Colour: onTerminal(a.Stdout)}.Print(d)
	return 0
}

// side finds a training by its reference, or by the run that made or used it.
func side(store *artifact.Store, name string) (rundiff.Side, error) {
	ref, err := artifact.ParseRef(name)
	if err != nil {
		run, err := runlog.Read(store, name)
		if err != nil {
			return rundiff.Side{}, err
		}
		for _, s := range run.Stages {
			if s.Stage == "train" {
				ref = s.Artifact
			}
		}
		if ref == "" {
			return rundiff.Side{}, fmt.Errorf("run %s trained nothing", name)
		}
		name = fmt.Sprintf("run %s, %s", name, ref)
	}
	if ref.Stage() != "train" {
		return rundiff.Side{}, fmt.Errorf("%s: want an artifact of the train stage", ref)
	}
	c, err := walk(store, ref)
	return rundiff.Side{Name: name, Chain: c}, err
}
