// Fettle prepares open datasets, tunes a language model on them and judges it against RAG: five stages edited as YAML,
// scheduled by Dagu, reproducible from cached artifacts. The command line is in internal/cli.
package main

import (
	"os"

	"fettle/internal/cli"
	"fettle/internal/stage"
	"fettle/stages/clean"
	"fettle/stages/eval"
	"fettle/stages/format"
	"fettle/stages/ingest"
	"fettle/stages/train"
)

// version is set by the build: -ldflags "-X main.version=...".
var version = "dev"

func main() {
	app := &cli.App{
		Stages:   []stage.Stage{ingest.Stage, clean.Stage, format.Stage, train.Stage, eval.Stage},
		Programs: train.Programs,
		Version:  version,
		Stdout:   os.Stdout,
		Stderr:   os.Stderr,
	}
	os.Exit(app.Main(os.Args[1:]))
}
