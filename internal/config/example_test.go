package config_test

import (
	"fmt"

	"fettle/internal/config"
)

// source is an interface of a stage; each kind of source registers itself in its own file.
type source interface{ Label() string }

type jsonl struct {
	Path string `json:"path" path:"file" check:"required" jsonschema:"file with one object a line"`
	Skip int    `json:"skip" check:"min=0" jsonschema:"lines left out at the start"`
}

func (j *jsonl) Label() string { return j.Path }

func init() { config.Register[source]("jsonl", &jsonl{}) }

func ExampleRegister() {
	var settings struct {
		Sources []config.Choice[source] `json:"sources" check:"minlen=1" jsonschema:"read in this order"`
	}
	file, err := config.Parse("stages.yaml", []byte("ingest:\n  sources:\n    - jsonl: {path: a.jsonl, skip: 1}\n"))
	if err != nil {
		panic(err)
	}
	fmt.Println(file.Decode("ingest", &settings), settings.Sources[0].Value.Label())

	file, _ = config.Parse("stages.yaml", []byte("ingest:\n  sources:\n    - jsonl: {pth: a.jsonl, skip: -1}\n"))
	fmt.Println(file.Decode("ingest", &settings))
	// Output:
	// <nil> a.jsonl
	// stages.yaml:3:7: ingest.sources[0].jsonl.path: missing, want the path of a file (file with one object a line)
	// stages.yaml:3:15: ingest.sources[0].jsonl.pth: unknown setting (did you mean path?)
	// stages.yaml:3:35: ingest.sources[0].jsonl.skip: got -1, want a whole number of at least 0
}
