package dagu_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fettle/internal/dagu"
)

// The stand-in for fettle prints a report like a stage's and leaves a trace. Files in its store make it fail or be slow:
// exit.VERB = "CODE TIMES", slow.VERB = it works until SIGTERM, then saves and exits with 143.
const standIn = `#!/bin/sh
verb=$1
shift
echo "$verb $* run=$DAG_RUN_ID here=${PWD##*/} lone=$LONE" >>"$FETTLE_STORE/trace"
echo "stderr of $verb" >&2
n=$(cat "$FETTLE_STORE/n.$verb" 2>/dev/null || echo 0)
n=$((n + 1))
echo $n >"$FETTLE_STORE/n.$verb"
if [ -f "$FETTLE_STORE/exit.$verb" ]; then
	read code times <"$FETTLE_STORE/exit.$verb"
	if [ $n -le $times ]; then exit $code; fi
fi
if [ -f "$FETTLE_STORE/slow.$verb" ]; then
	trap 'echo "saved $verb" >>"$FETTLE_STORE/trace"; exit 143' TERM
	i=0
	while [ $i -lt 200 ]; do sleep 0.1; i=$((i + 1)); done
fi
echo "{\"stage\":\"$verb\",\"artifact\":\"$verb/0123456789abcdef\",\"cached\":false,\"rows\":{\"in\":3,\"out\":2}}"
`

const dag = `type: graph
workingDir: ..
params:
  - CONFIG: pipelines/demo/stages.yaml
maxCleanUpTimeSec: 60
handlerOn:
  exit:
    command: fettle record ${DAG_RUN_ID}
steps:
  - name: ingest
    command: fettle ingest -config "${CONFIG}"
    output: INGEST
    retryPolicy: {limit: 2, intervalSec: %d, backoff: true, exitCode: [1]}
  - name: clean
    command: fettle clean -config "${CONFIG}" -in ingest=${INGEST.artifact}
    depends: [ingest]
    output: CLEAN
    retryPolicy: {limit: 2, intervalSec: %[1]d, backoff: true, exitCode: [1]}
`

// project is a project in a temporary folder, run by the real Dagu with a stand-in for fettle.
type project struct {
	*dagu.Program
	root, store string
	login       dagu.Login
}

func newProject(t *testing.T, retryAfter int) project {
	t.Helper()
	found, err := dagu.Find(filepath.Join("..", ".."))
	if err != nil {
		t.Skipf("left out: %v (fettle dagu install gets it)", err)
	}
	root, store, bin := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, filepath.Join(root, "pipelines", "demo.yaml"), fmt.Sprintf(dag, retryAfter), 0o644)
	write(t, filepath.Join(bin, "fettle"), standIn, 0o755)
	t.Setenv("PATH", filepath.Dir(found.Path)+":"+bin+":"+os.Getenv("PATH"))
	p, err := dagu.Find(root)
	if err != nil {
		t.Fatal(err)
	}
	login, err := p.Setup(map[string]string{"FETTLE_STORE": store, "LONE": `a "b' c`})
	if err != nil {
		t.Fatal(err)
	}
	return project{p, root, store, login}
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func (p project) script(t *testing.T, name, text string) {
	write(t, filepath.Join(p.store, name), text, 0o644)
}

func (p project) trace() string {
	raw, _ := os.ReadFile(filepath.Join(p.store, "trace")) // none yet: empty
	return string(raw)
}

func (p project) wait(t *testing.T, text string) {
	t.Helper()
	for range 200 {
		if strings.Contains(p.trace(), text) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("no %q in the trace:\n%s", text, p.trace())
}

func (p project) start(t *testing.T, ctx context.Context, id string) dagu.Status {
	t.Helper()
	s, err := p.Start(ctx, dagu.Run{DAG: "demo", ID: id, Config: "pipelines/名 字/stages.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var words = cmpopts.IgnoreFields(dagu.StepStatus{}, "Error", "Stdout", "Stderr")

func TestStart(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		state dagu.State
		steps []dagu.StepStatus
	}{
		{name: "every step succeeds", state: dagu.Succeeded, steps: []dagu.StepStatus{
			{Name: "ingest", State: dagu.Succeeded}, {Name: "clean", State: dagu.Succeeded}, {Name: "onExit", State: dagu.Succeeded}}},
		{name: "wrong settings are not tried again", files: map[string]string{"exit.ingest": "2 9\n"}, state: dagu.Failed, steps: []dagu.StepStatus{
			{Name: "ingest", State: dagu.Failed, Exit: 2}, {Name: "clean", State: dagu.Aborted}, {Name: "onExit", State: dagu.Succeeded}}},
		{name: "a gate is not tried again", files: map[string]string{"exit.clean": "3 9\n"}, state: dagu.Failed, steps: []dagu.StepStatus{
			{Name: "ingest", State: dagu.Succeeded}, {Name: "clean", State: dagu.Failed, Exit: 3}, {Name: "onExit", State: dagu.Succeeded}}},
		{name: "a failure is", files: map[string]string{"exit.clean": "1 1\n"}, state: dagu.Succeeded, steps: []dagu.StepStatus{
			{Name: "ingest", State: dagu.Succeeded}, {Name: "clean", State: dagu.Succeeded, Retries: 1}, {Name: "onExit", State: dagu.Succeeded}}},
		{name: "not for ever", files: map[string]string{"exit.clean": "1 9\n"}, state: dagu.Failed, steps: []dagu.StepStatus{
			{Name: "ingest", State: dagu.Succeeded}, {Name: "clean", State: dagu.Failed, Exit: 1, Retries: 2}, {Name: "onExit", State: dagu.Succeeded}}},
		{name: "a failed handler fails the run", files: map[string]string{"exit.record": "1 9\n"}, state: dagu.Failed, steps: []dagu.StepStatus{
			{Name: "ingest", State: dagu.Succeeded}, {Name: "clean", State: dagu.Succeeded}, {Name: "onExit", State: dagu.Failed, Exit: 1}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newProject(t, 0)
			for name, text := range test.files {
				p.script(t, name, text)
			}
			got := p.start(t, context.Background(), "one")
			if diff := cmp.Diff(dagu.Status{State: test.state, Steps: test.steps}, got, words, cmpopts.IgnoreFields(dagu.Status{}, "PID")); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

// What reaches a step: the parameter as one argument, a field of an earlier report, the run's id, our environment, the root.
func TestStepSees(t *testing.T) {
	p := newProject(t, 0)
	p.start(t, context.Background(), "seen")
	here := filepath.Base(p.root)
	want := "ingest -config pipelines/名 字/stages.yaml run=seen here=" + here + ` lone=a "b' c
clean -config pipelines/名 字/stages.yaml -in ingest=ingest/0123456789abcdef run=seen here=` + here + ` lone=a "b' c
record seen run=seen here=` + here + ` lone=a "b' c
`
	if diff := cmp.Diff(want, p.trace()); diff != "" {
		t.Errorf("trace (-want +got):\n%s", diff)
	}
}

func TestInterrupt(t *testing.T) {
	t.Run("a step saves what it has", func(t *testing.T) {
		p := newProject(t, 0)
		p.script(t, "slow.clean", "")
		ctx, cancel := context.WithCancel(context.Background())
		go func() { p.wait(t, "clean "); time.Sleep(300 * time.Millisecond); cancel() }()
		s := p.start(t, ctx, "stopped")
		if s.State != dagu.Aborted || !strings.Contains(p.trace(), "saved clean") {
			t.Errorf("state %s, trace:\n%s", s.State, p.trace())
		}
	})
	t.Run("stopped from elsewhere", func(t *testing.T) {
		p := newProject(t, 0)
		p.script(t, "slow.clean", "")
		go func() {
			p.wait(t, "clean ")
			time.Sleep(300 * time.Millisecond)
			if err := p.Stop(context.Background(), "demo", "elsewhere"); err != nil {
				t.Error(err)
			}
		}()
		if s := p.start(t, context.Background(), "elsewhere"); s.State != dagu.Aborted || !strings.Contains(p.trace(), "saved clean") {
			t.Errorf("state %s, trace:\n%s", s.State, p.trace())
		}
	})
	// Dagu itself records this run as succeeded.
	t.Run("while a step waits for its retry", func(t *testing.T) {
		p := newProject(t, 2)
		p.script(t, "exit.clean", "1 9\n")
		ctx, cancel := context.WithCancel(context.Background())
		go func() { p.wait(t, "clean "); time.Sleep(500 * time.Millisecond); cancel() }()
		s := p.start(t, ctx, "retrying")
		if s.State != dagu.Aborted || s.Steps[1].State != dagu.Aborted || s.Steps[1].Exit != 1 {
			t.Errorf("got %+v", s)
		}
	})
}

func TestKilledDagu(t *testing.T) {
	p := newProject(t, 0)
	p.script(t, "slow.clean", "")
	go func() {
		p.wait(t, "clean ")
		time.Sleep(300 * time.Millisecond)
		s, err := p.Status("demo", "killed")
		if err != nil || s.State != dagu.Running {
			t.Errorf("running: state %s, %v", s.State, err)
		}
		syscall.Kill(s.PID, syscall.SIGKILL)
	}()
	_, err := p.Start(context.Background(), dagu.Run{DAG: "demo", ID: "killed", Config: "c.yaml"})
	if err == nil || !strings.Contains(err.Error(), "Dagu ended") {
		t.Errorf("error %v", err)
	}
	if s, err := p.Status("demo", "killed"); err != nil || s.State != dagu.Lost || s.Steps[1].State != dagu.Running {
		t.Errorf("state %+v, %v", s, err)
	}
	os.Remove(filepath.Join(p.store, "slow.clean"))
	if s := p.start(t, context.Background(), "again"); s.State != dagu.Succeeded {
		t.Errorf("the run after: %s", s.State)
	}
}

func TestNoStatus(t *testing.T) {
	p := newProject(t, 0)
	if _, err := p.Status("demo", "never"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a run that never was: %v", err)
	}
	write(t, filepath.Join(p.root, "pipelines", "demo.yaml"), "steps:\n  - name: a\n    comand: x\n", 0o644)
	_, err := p.Start(context.Background(), dagu.Run{DAG: "demo", ID: "bad", Config: "c.yaml"})
	if err == nil || !strings.Contains(err.Error(), "comand") {
		t.Errorf("a wrong DAG: %v", err)
	}
	_, err = p.Start(context.Background(), dagu.Run{DAG: "demo", ID: "bad2", Config: "$(touch x)"})
	if err == nil || !strings.Contains(err.Error(), "shell code") {
		t.Errorf("a parameter that is code: %v", err)
	}
}

// Nobody without the password gets at anything but the login page.
func TestUp(t *testing.T) {
	p := newProject(t, 0)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- p.Up(ctx, p.login) }()
	url := fmt.Sprintf("http://127.0.0.1:%d", p.login.Port)
	for i := 0; get(url) != http.StatusOK; i++ {
		if i == 100 {
			t.Fatal("the web page does not come up")
		}
		time.Sleep(100 * time.Millisecond)
	}
	if got := get(url + "/api/v2/dags"); got != http.StatusUnauthorized {
		t.Errorf("DAGs without a login: %d", got)
	}
	if got := post(t, url+"/api/v2/dag-runs", `{"spec":"steps:\n  - command: true","name":"x"}`); got != http.StatusUnauthorized {
		t.Errorf("an inline DAG without a login: %d", got)
	}
	login := fmt.Sprintf(`{"username":%q,"password":%q}`, p.login.User, p.login.Password)
	if got := post(t, url+"/api/v2/auth/login", login); got != http.StatusOK {
		t.Errorf("login: %d", got)
	}
	if err := p.Up(context.Background(), p.login); err == nil || !strings.Contains(err.Error(), "running already") {
		t.Errorf("a second one: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("stopped: %v", err)
	}
}

func get(url string) int {
	r, err := http.Get(url)
	if err != nil {
		return 0
	}
	r.Body.Close()
	return r.StatusCode
}

func post(t *testing.T, url, body string) int {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	return r.StatusCode
}
