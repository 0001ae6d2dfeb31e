package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"fettle/internal/artifact"
	"fettle/internal/cli"
	"fettle/internal/e2e/mini"
	"fettle/internal/runlog"
	"fettle/internal/stage"
	"fettle/stages/clean"
	"fettle/stages/eval"
	"fettle/stages/format"
	"fettle/stages/ingest"
	"fettle/stages/train"
)

// TestMain puts a fettle on PATH that is this test binary: the tests start, stop and kill it as its users would.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fettle": fettle})
}

func fettle() {
	if notes := os.Getenv(noNetwork); notes != "" {
		cutOff(notes)
	}
	app := &cli.App{Stages: []stage.Stage{ingest.Stage, clean.Stage, format.Stage, train.Stage, eval.Stage},
		Version: "test", Stdout: os.Stdout, Stderr: os.Stderr}
	os.Exit(app.Main(os.Args[1:]))
}

// project is a copy of the miniature project with a store of its own.
type project struct {
	t     *testing.T
	root  string
	store string
}

func newProject(t *testing.T) project {
	t.Helper()
	root := t.TempDir()
	must(t, mini.Write(root))
	return project{t: t, root: root, store: filepath.Join(root, ".fettle")}
}

// fresh is the same project with an empty store.
func (p project) fresh() project {
	p.store = filepath.Join(p.t.TempDir(), "store")
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// result is how a process ended.
type result struct {
	code           int
	stdout, stderr string
}

// command starts nothing yet: fettle with its arguments, in the project.
func (p project) command(args ...string) *exec.Cmd {
	cmd := exec.Command("fettle", args...)
	cmd.Dir = p.root
	cmd.Env = append(os.Environ(), "FETTLE_STORE="+p.store)
	return cmd
}

// try runs fettle to its end.
func (p project) try(args ...string) result {
	p.t.Helper()
	return p.finish(p.start(args...))
}

// process is a started fettle.
type process struct {
	*exec.Cmd
	out, err bytes.Buffer
}

func (p project) start(args ...string) *process {
	p.t.Helper()
	c := &process{Cmd: p.command(args...)}
	c.Stdout, c.Stderr = &c.out, &c.err
	must(p.t, c.Start())
	return c
}

func (p project) finish(c *process) result {
	p.t.Helper()
	err := c.Wait()
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		p.t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), c.out.String(), c.err.String()}
}

// run runs fettle and wants it to succeed.
func (p project) run(args ...string) result {
	p.t.Helper()
	r := p.try(args...)
	if r.code != 0 {
		p.t.Fatalf("fettle %s: exit %d\n%s", strings.Join(args, " "), r.code, r.stderr)
	}
	return r
}

// stage runs one stage and returns its report.
func (p project) stage(name string, args ...string) stage.Report {
	p.t.Helper()
	r := p.run(append([]string{name, "-config", "pipelines/mini/stages.yaml"}, args...)...)
	var report stage.Report
	must(p.t, json.Unmarshal([]byte(r.stdout), &report))
	return report
}

// opened is the store.
func (p project) opened() *artifact.Store {
	p.t.Helper()
	s, err := artifact.Open(p.store)
	must(p.t, err)
	return s
}

// digests are the data digests of the newest run, by stage.
func (p project) digests() map[string]string {
	p.t.Helper()
	s := p.opened()
	runs, err := runlog.List(s)
	must(p.t, err)
	if len(runs) == 0 {
		p.t.Fatal("no run")
	}
	out := map[string]string{}
	for _, ref := range runs[0].Artifacts {
		a, err := s.Get(ref)
		must(p.t, err)
		out[ref.Stage()] = a.Manifest.Digest
	}
	return out
}

// edit replaces text in a file of the project.
func (p project) edit(name, old, new string) {
	p.t.Helper()
	path := filepath.Join(p.root, filepath.FromSlash(name))
	raw, err := os.ReadFile(path)
	must(p.t, err)
	if !bytes.Contains(raw, []byte(old)) {
		p.t.Fatalf("%s holds no %q", name, old)
	}
	must(p.t, os.WriteFile(path, bytes.Replace(raw, []byte(old), []byte(new), 1), 0o644))
}

// settled fails when something half-written is left: files outside finished artifacts, or artifacts that do not verify.
func (p project) settled() {
	p.t.Helper()
	s := p.opened()
	refs, err := s.List()
	must(p.t, err)
	for _, ref := range refs {
		faults, err := s.Verify(ref)
		must(p.t, err)
		if len(faults) > 0 {
			p.t.Errorf("damaged: %v", faults)
		}
	}
	entries, err := filepath.Glob(filepath.Join(p.store, "artifacts", "*", "*"))
	must(p.t, err)
	if len(entries) != len(refs) {
		p.t.Errorf("%d folders under artifacts, %d of them whole", len(entries), len(refs))
	}
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

func exists(pattern string) bool {
	found, err := filepath.Glob(pattern)
	return err == nil && len(found) > 0
}

// read is a file's text, "" when there is none.
func read(path string) string {
	raw, _ := os.ReadFile(path)
	return string(raw)
}
