package cli_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"fettle/internal/artifact"
	"fettle/internal/cli"
	"fettle/internal/e2e/mini"
	"fettle/internal/stage"
	"fettle/stages/clean"
	"fettle/stages/eval"
	"fettle/stages/format"
	"fettle/stages/ingest"
	"fettle/stages/train"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fettle": func() { os.Exit(app().Main(os.Args[1:])) }})
}

func app() *cli.App {
	return &cli.App{Stages: []stage.Stage{ingest.Stage, clean.Stage, format.Stage, train.Stage, eval.Stage},
		Programs: train.Programs, Version: "test", Stdout: os.Stdout, Stderr: os.Stderr}
}

// Each script runs in a copy of the miniature project. Besides testscript's commands there are
//
//	exit CODE fettle ...     run fettle and want that exit code, or any
//	replace FILE OLD NEW     replace text in a file (\n is a line end)
//	refs                     set $INGEST $CLEAN ... to what the last run of mini made
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup:         func(env *testscript.Env) error { return mini.Write(env.WorkDir) },
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exit": exit, "replace": replace, "refs": refs,
		},
	})
}

func exit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND ...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		code = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if args[0] != strconv.Itoa(code) && args[0] != "any" {
		ts.Fatalf("exit %d, want %s", code, args[0])
	}
}

func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	lines := strings.NewReplacer(`\n`, "\n")
	path, old := ts.MkAbs(args[0]), lines.Replace(args[1])
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, old) {
		ts.Fatalf("%s holds no %q", args[0], old)
	}
	ts.Check(os.WriteFile(path, []byte(strings.Replace(text, old, lines.Replace(args[2]), 1)), 0o644))
}

func refs(ts *testscript.TestScript, _ bool, _ []string) {
	store, err := artifact.Open(ts.MkAbs(".fettle"))
	ts.Check(err)
	for _, name := range stage.Sections {
		if ref, err := stage.LastArtifact(store, mini.Name, name); err == nil {
			ts.Setenv(strings.ToUpper(name), string(ref))
		}
	}
}
