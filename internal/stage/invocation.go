package stage

import (
	"errors"
	"flag"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"fettle/internal/artifact"
)

// invocation is a stage's command line.
type invocation struct {
	config   string
	store    string
	root     string
	pipeline string
	backend  string // "" = as the settings say
	workers  int
	in       map[string]artifact.Ref
}

// parse reads the flags of a stage; nil and an exit code when there is nothing to run.
// backend checks the flag of that name; nil = the stage has none.
func parse(name string, backend func(string) error, args []string, stderr io.Writer) (*invocation, int) {
	inv := &invocation{in: map[string]artifact.Ref{}}
	fs := flag.NewFlagSet("fettle "+name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&inv.config, "config", "", "settings: `pipelines/NAME/stages.yaml`")
	fs.StringVar(&inv.store, "store", "", "folder of the artifacts (default: $FETTLE_STORE, else .fettle in the project root)")
	fs.IntVar(&inv.workers, "workers", runtime.NumCPU(), "goroutines; changes no byte of the output")
	if backend != nil {
		fs.Func("backend", "what computes, whatever the settings say: `NAME` = auto, go, xla:cpu or xla:cuda", func(s string) error {
			inv.backend = s
			return backend(s)
		})
	}
	fs.Func("in", "input artifact `NAME=STAGE/KEY`, repeatable (default: what the pipeline's last run made)", func(s string) error {
		input, ref, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("want NAME=STAGE/KEY")
		}
		parsed, err := artifact.ParseRef(ref)
		inv.in[input] = parsed
		return err
	})
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stderr, "Usage: fettle %s -config pipelines/NAME/stages.yaml [-in NAME=REF] [-store DIR]\n\nRuns the stage %s and prints one JSON report on stdout.\n\n", name, name)
		fs.SetOutput(stderr)
		fs.PrintDefaults()
		return nil, 0
	} else if err != nil {
		return nil, exit(name, usageError(fmt.Sprintf("%s (`fettle %s -h` tells more)", FlagFault(fs, err), name)), stderr)
	}
	if err := inv.complete(fs.Args()); err != nil {
		return nil, exit(name, err, stderr)
	}
	return inv, 0
}

var badValue = regexp.MustCompile(`^invalid value (".*") for flag -([^ :]+): (.*)$`)

// FlagFault says what is wrong with a command line, and of a value what would be right.
func FlagFault(fs *flag.FlagSet, err error) string {
	m := badValue.FindStringSubmatch(err.Error())
	if m == nil {
		text := err.Error()
		if name, ok := strings.CutPrefix(text, "flag provided but not defined: "); ok {
			return "there is no flag " + name
		}
		if name, ok := strings.CutPrefix(text, "flag needs an argument: "); ok {
			return name + " needs a value behind it"
		}
		return text
	}
	if m[3] != "parse error" && m[3] != "value out of range" {
		return fmt.Sprintf("-%s %s: %s", m[2], m[1], m[3])
	}
	want := "another value"
	if getter, ok := fs.Lookup(m[2]).Value.(flag.Getter); ok {
		switch getter.Get().(type) {
		case int, int64:
			want = "a whole number"
		case uint, uint64:
			want = "a whole number of at least 0"
		case float64:
			want = "a number"
		case time.Duration:
			want = "a time such as 90s or 2h"
		}
	}
	return fmt.Sprintf("-%s %s: want %s", m[2], m[1], want)
}

func (inv *invocation) complete(rest []string) (err error) {
	if len(rest) > 0 {
		return usageError(fmt.Sprintf("unexpected argument %q", rest[0]))
	}
	if inv.config == "" {
		return usageError("-config pipelines/NAME/stages.yaml is missing")
	}
	if inv.workers < 1 {
		return usageError("-workers must be 1 or more")
	}
	for name, ref := range inv.in {
		if ref.Stage() != name {
			return usageError(fmt.Sprintf("-in %s=%s: want what the stage %s made", name, ref, name))
		}
	}
	if info, err := os.Stat(inv.config); errors.Is(err, iofs.ErrNotExist) {
		return fmt.Errorf("-config %s: there is no such file", inv.config)
	} else if err != nil {
		return err
	} else if info.IsDir() {
		return usageError(fmt.Sprintf("-config %s is a folder: want a file such as pipelines/NAME/stages.yaml", inv.config))
	}
	if inv.root, err = FindRoot("."); err != nil {
		if inv.root, err = FindRoot(filepath.Dir(inv.config)); err != nil {
			return usageError(err.Error())
		}
	}
	inv.store = StoreDir(inv.store, inv.root)
	inv.pipeline, err = PipelineOf(inv.config)
	return err
}

type usageError string

func (e usageError) Error() string { return string(e) }

type settingsError struct{ error }

func (e settingsError) Unwrap() error { return e.error }

type gateError string

func (e gateError) Error() string { return "gate: " + string(e) }

// exit prints the error for people and returns the exit code of the stage contract.
func exit(name string, err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "fettle %s: %v\n", name, err)
	var stopped Interrupted
	switch {
	case errors.As(err, &stopped):
		return stopped.Code()
	case errors.As(err, new(usageError)), errors.As(err, new(settingsError)):
		return 2
	case errors.As(err, new(gateError)):
		return 3
	}
	return 1
}

func inputNames(inputs []Input) string {
	if len(inputs) == 0 {
		return "no input"
	}
	var names []string
	for _, in := range inputs {
		names = append(names, in.Name)
		if in.Or != "" {
			names = append(names, in.Or)
		}
	}
	return strings.Join(names, ", ")
}
