package dagu

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"fettle/internal/disk"
)

// State is how a run, or a step of it, stands.
type State string

// The states of runs and steps. All are Dagu's words but Lost, which Dagu cannot record: its process was killed, and a step
// may live on without it.
const (
	NotStarted State = "not started"
	Running    State = "running"
	Failed     State = "failed"
	Aborted    State = "aborted"
	Succeeded  State = "succeeded"
	Queued     State = "queued"
	Skipped    State = "skipped"
	Partial    State = "partly succeeded"
	Waiting    State = "waiting"
	Rejected   State = "rejected"
	Lost       State = "lost"
)

// Dagu 1.30 records states by number (internal/core/status.go there); runs and steps count differently from 5 on.
var (
	runStates  = []State{NotStarted, Running, Failed, Aborted, Succeeded, Queued, Partial, Waiting, Rejected}
	stepStates = []State{NotStarted, Running, Failed, Aborted, Succeeded, Skipped, Partial, Waiting, Rejected}
)

// Status is how a run stands.
type Status struct {
	State State
	PID   int          // of the Dagu that runs it
	Steps []StepStatus // in the file's order, then the handlers that have run: onExit, ...
}

// StepStatus is how a step of it stands.
type StepStatus struct {
	Name    string
	State   State
	Exit    int    // exit code of a step that failed; 0 when there is none
	Retries int    // how often it was started again
	Error   string // Dagu's words
	Stdout  string // paths of the step's logs
	Stderr  string
}

// Status tells how a run stands. Dagu's exit codes do not tell (0 for an aborted run, 1 for a partly succeeded one), so its own
// record is read, the last line of status.jsonl of the run's last attempt, and two things in it are put right: a run that is
// stopped while a failed step waits for its retry is recorded as succeeded, and a killed Dagu leaves its run as running.
func (p *Program) Status(dag, runID string) (Status, error) {
	found := disk.Glob(filepath.Join(Home(p.root), "data", "dag-runs", dag, "dag-runs"), "*/*/*/dag-run_*/attempt_*/status.jsonl")
	found = slices.DeleteFunc(found, func(path string) bool { return !strings.HasSuffix(filepath.Dir(filepath.Dir(path)), "_"+runID) })
	if len(found) == 0 {
		return Status{}, fmt.Errorf("dagu has no record of run %s of %s: %w", runID, dag, fs.ErrNotExist)
	}
	path := slices.Max(found) // attempts are named by their time
	s, err := read(path)
	if err == nil && s.State == Lost {
		s, err = read(path) // it may have written its last word and ended between our two looks
	}
	if err != nil {
		return s, fmt.Errorf("read Dagu's status of run %s: %w", runID, err)
	}
	return s, nil
}

func read(path string) (Status, error) {
	line, err := lastWholeLine(path)
	if err != nil {
		return Status{}, err
	}
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return Status{}, err
	}
	return r.status(), nil
}

// record is a line of status.jsonl, as far as we read it.
type record struct {
	Status    int    `json:"status"`
	PID       int    `json:"pid"`
	Nodes     []node `json:"nodes"`
	OnInit    *node  `json:"onInit"`
	OnSuccess *node  `json:"onSuccess"`
	OnFailure *node  `json:"onFailure"`
	OnCancel  *node  `json:"onCancel"`
	OnExit    *node  `json:"onExit"`
}

type node struct {
	Step struct {
		Name       string `json:"name"`
		ContinueOn struct {
			MarkSuccess bool `json:"markSuccess"`
		} `json:"continueOn"`
	} `json:"step"`
	Status     int    `json:"status"`
	RetryCount int    `json:"retryCount"`
	Error      string `json:"error"`
	Stdout     string `json:"stdout"`
	Stderr     string `json:"stderr"`
}

func (r record) status() Status {
	s := Status{State: name(runStates, r.Status), PID: r.PID}
	for _, n := range r.Nodes {
		step := n.status()
		if n.interrupted() {
			step.State = Aborted
			if s.State == Succeeded || s.State == Partial {
				s.State = Aborted
			}
		}
		s.Steps = append(s.Steps, step)
	}
	for _, h := range []*node{r.OnInit, r.OnSuccess, r.OnFailure, r.OnCancel, r.OnExit} {
		if h != nil && h.Status != 0 {
			s.Steps = append(s.Steps, h.status())
		}
	}
	if s.State == Running && !alive(s.PID) {
		s.State = Lost
	}
	return s
}

func (n node) status() StepStatus {
	return StepStatus{Name: n.Step.Name, State: name(stepStates, n.Status), Exit: exitCode(n.Error), Retries: n.RetryCount,
		Error: n.Error, Stdout: n.Stdout, Stderr: n.Stderr}
}

// interrupted: a success keeps no error, so this step failed, waited for its retry and was never started again.
func (n node) interrupted() bool {
	return name(stepStates, n.Status) == Succeeded && n.Error != "" && !n.Step.ContinueOn.MarkSuccess
}

func name(states []State, number int) State {
	if number < 0 || number >= len(states) {
		return State(fmt.Sprintf("state %d", number))
	}
	return states[number]
}

// Killed is the exit code of a step that SIGKILL ended: 128 + 9, as shells count.
const Killed = 137

var exitStatus = regexp.MustCompile(`exit status (\d+)`)

// exitCode reads an exit code out of Dagu's words, its only record of it. A step that was killed has 137 either way: the shell
// around it says "exit status 137", Dagu itself, where the shell made way for the step, "signal: killed".
func exitCode(message string) int {
	if strings.Contains(message, "signal: killed") {
		return Killed
	}
	m := exitStatus.FindStringSubmatch(message)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1]) // digits: only what fits no exit code overflows
	return n
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return pid > 0 && (err == nil || errors.Is(err, syscall.EPERM))
}

func lastWholeLine(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	var last []byte
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			break // the rest is not a whole line: it is being written
		}
		last = line
	}
	if last == nil {
		return nil, errors.New("nothing is written yet")
	}
	return last, nil
}
