package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gomlx/compute"

	"fettle/internal/artifact"
	"fettle/internal/config"
	"fettle/internal/model"
	"fettle/internal/stage"
	"fettle/internal/target"
)

// App is the program: its stages and where it speaks.
type App struct {
	Stages []stage.Stage
	// Programs are what a training by the section train of a file runs, made for a backend (fettle compile).
	Programs func(file *config.File, m *model.Model, layers, length int, b compute.Backend) ([]target.Program, error)

	Version string
	Stdout  io.Writer
	Stderr  io.Writer
}

type verb struct {
	name, args, help string
	run              func(ctx context.Context, args []string) int
}

func (a *App) verbs() []verb {
	all := []verb{
		{"run", "NAME [-local] [-set K=V] [-locked RUN]", "run a pipeline to its end: through Dagu, or its steps in order", a.run},
		a.atOnce(verb{"plan", "NAME [-set K=V]", "say what would run, what is cached, and why", a.plan}),
	}
	for _, s := range a.Stages {
		all = append(all, verb{s.Title(), "-config pipelines/NAME/stages.yaml", "run the stage " + s.Title() + " alone; prints one JSON report",
			func(ctx context.Context, args []string) int { return s.Start(ctx, args, a.Stdout, a.Stderr) }})
	}
	return append(all,
		a.atOnce(verb{"show", "REF [TABLE] [-n N] [-where EXPR]", "rows of an artifact; dropped and rejects; token blocks with their masks", a.show}),
		a.atOnce(verb{"lineage", "REF block:N | ID | FILE:LINE", "where a row came from, and what became of it", a.lineage}),
		a.atOnce(verb{"diff", "RUN|REF RUN|REF [-rows N] [-json]", "two trainings side by side: settings, losses, sources, rows", a.diff}),
		a.atOnce(verb{"verify", "[REF...] [-remove]", "hash artifacts again and compare", a.verify}),
		verb{"gc", "[-keep N] [-yes]", "remove artifacts that no kept run needs", a.gc},
		a.atOnce(verb{"list", "[pipelines|runs|artifacts|times|STAGE]", "what there is; STAGE: its settings", a.list}),
		verb{"schema", "", "JSON Schema of stages.yaml, for editors", a.schema},
		a.atOnce(verb{"tokens", "[train] ...", "count or encode text with a tokenizer; train one", a.tokens}),
		a.atOnce(verb{"render", "-tokenizer DIR|-template FILE [-in FILE]", "render conversations with a model's chat template", a.render}),
		verb{"logits", "-model DIR [-adapter DIR] -out FILE", "a model's scores at each position of given tokens", a.logits},
		verb{"chat", "-model DIR [-adapter DIR]", "talk to a model in the terminal", a.chat},
		verb{"serve", "-model DIR [-adapter NAME=DIR]...", "answer as OpenAI's API does", a.serve},
		verb{"export", "REF|-model DIR -to DIR [-format F]", "write a model or an adapter for other programs", a.export},
		a.atOnce(verb{"inspect", "DIR [-seq N] [-batch N]", "what a model directory holds, needs and suits", a.inspect}),
		a.atOnce(verb{"compile", "-target GPU -model DIR|config.json", "what a training needs of a GPU that need not be there", a.compile}),
		verb{"pull", "hf:owner/name[@rev] [-to DIR]", "bring a model directory from Hugging Face or ModelScope", a.pull},
		a.atOnce(verb{"init", "NAME FOLDER", "write a pipeline for a folder of files", a.init}),
		verb{"up", "", "scheduler and web page of Dagu, on loopback, with generated credentials", a.up},
		verb{"dagu", "install", "get Dagu", a.dagu},
		verb{"backend", "list | install xla-cpu|xla-cuda | remove ...", "what computes, and the plugins that XLA needs", a.backend},
		a.atOnce(verb{"doctor", "", "what this machine can do", a.doctor}),
		verb{"record", "RUN", "assemble a run's run.json (the DAGs' exit handler calls it)", a.record},
		verb{"version", "", "print the version", a.version},
	)
}

// Main runs the verb that the arguments name.
func (a *App) Main(args []string) int {
	ctx, stop := interruptible()
	defer stop()
	if len(args) > 1 && args[0] == "help" {
		args = []string{args[1], "-h"}
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		a.help()
		if len(args) == 0 {
			return 2
		}
		return 0
	}
	name := args[0]
	if name == "-version" || name == "--version" {
		name = "version"
	}
	for _, v := range a.verbs() {
		if v.name == name {
			return a.written(ctx, v, args[1:])
		}
	}
	fmt.Fprintf(a.Stderr, "fettle: unknown verb %q%s\nRun `fettle help` for the verbs.\n", args[0], a.nearest(args[0]))
	return 2
}

// written runs a verb, which has failed too where its output could not be written.
func (a *App) written(ctx context.Context, v verb, args []string) int {
	out := &output{Writer: a.Stdout}
	a.Stdout = out
	defer func() { a.Stdout = out.Writer }()
	code := v.run(ctx, args)
	if code == 0 && out.err != nil {
		return a.fail(v.name, out.err)
	}
	return code
}

func (a *App) help() {
	fmt.Fprint(a.Stderr, "fettle: open datasets in, a tuned language model and an honest verdict against RAG out.\n\nUsage: fettle VERB ...\n\n")
	for _, v := range a.verbs() {
		fmt.Fprintf(a.Stderr, "  %-8s %-42s %s\n", v.name, v.args, v.help)
	}
	fmt.Fprint(a.Stderr, "\n`fettle VERB -h` tells more. Exit codes: 0 done or cached, 1 failed, 2 wrong usage or settings, 3 a gate said no, 130/143 interrupted.\n")
}

func (a *App) nearest(typed string) string {
	for _, v := range a.verbs() {
		if len(typed) > 1 && (strings.HasPrefix(v.name, typed[:2]) || strings.HasPrefix(typed, v.name)) {
			return fmt.Sprintf(": did you mean %s?", v.name)
		}
	}
	return ""
}

// interruptible cancels its context at SIGINT or SIGTERM, with the signal as cause; the second one ends the process.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		s, ok := <-signals
		if !ok {
			return
		}
		cancel(stage.Interrupted{Signal: s})
		signal.Stop(signals)
	}()
	return ctx, func() { signal.Stop(signals); close(signals); cancel(nil) }
}

// flags makes a verb's flag set, with a usage text that suffices.
func (a *App) flags(name, usage string) *flag.FlagSet {
	fs := flag.NewFlagSet("fettle "+name, flag.ContinueOnError)
	fs.SetOutput(a.Stderr)
	fs.Usage = func() {
		fmt.Fprintf(a.Stderr, "Usage: fettle %s %s\n", name, usage)
		fs.PrintDefaults()
	}
	return fs
}

// parse parses flags wherever they stand among the arguments, and returns the rest. done: there is nothing more to do.
func parse(fs *flag.FlagSet, args []string) (rest []string, code int, done bool) {
	out, usage := fs.Output(), fs.Usage
	defer func() { fs.SetOutput(out); fs.Usage = usage }()
	fs.SetOutput(io.Discard)
	fs.Usage = func() {} // what is wrong is said here, with the verb's name
	for {
		err := fs.Parse(args)
		if err != nil {
			fs.SetOutput(out)
			if errors.Is(err, flag.ErrHelp) {
				usage()
				return nil, 0, true
			}
			fmt.Fprintf(out, "%s: %s\n", fs.Name(), stage.FlagFault(fs, err))
			usage()
			return nil, 2, true
		}
		if fs.NArg() == 0 {
			return rest, 0, false
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
}

// given says whether a flag stands on the command line, were it with nothing.
func given(fs *flag.FlagSet, name string) (found bool) {
	fs.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// parseFlags is parse for a verb that takes nothing but flags.
func (a *App) parseFlags(fs *flag.FlagSet, args []string) (code int, done bool) {
	rest, code, done := parse(fs, args)
	if !done && len(rest) > 0 {
		return a.misuse(fs, "want flags alone, not %q", rest[0]), true
	}
	return code, done
}

func (a *App) fail(verb string, err error) int {
	fmt.Fprintf(a.Stderr, "fettle %s: %v\n", verb, err)
	var stopped stage.Interrupted
	if errors.As(err, &stopped) {
		return stopped.Code()
	}
	return 1
}

func (a *App) misuse(fs *flag.FlagSet, format string, args ...any) int {
	fmt.Fprintf(a.Stderr, "%s: %s\n", fs.Name(), fmt.Sprintf(format, args...))
	fs.Usage()
	return 2
}

// project opens the project and the store that the user stands in.
func project(storeFlag string) (root string, store *artifact.Store, err error) {
	if root, err = stage.FindRoot("."); err != nil {
		return "", nil, err
	}
	store, err = artifact.Open(stage.StoreDir(storeFlag, root))
	return root, store, err
}

func (a *App) version(_ context.Context, args []string) int {
	fs := a.flags("version", "\n\nPrints the version.")
	if code, done := a.parseFlags(fs, args); done {
		return code
	}
	fmt.Fprintln(a.Stdout, "fettle", a.Version)
	return 0
}
