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
	"strconv"
	"time"
)

// State is how a run or a step stands, by Dagu's numbers.
type State int

// The states that Dagu 1.30 records.
const (
	NotStarted State = iota
	Running
	Failed
	Aborted
	Succeeded
	Queued
	Partial
	Waiting
)

var stateNames = [...]string{"not started", "running", "failed", "aborted", "succeeded", "queued", "partly succeeded", "waiting"}

func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("state %d", int(s))
	}
	return stateNames[s]
}

// Status is what Dagu recorded of a run.
type Status struct {
	State State
	PID   int // of the Dagu that runs it
	Steps []StepStatus
}

// StepStatus is what it recorded of a step.
type StepStatus struct {
	Name   string
	State  State
	Exit   int    // exit code of a failed step; 0 when it is not known
	Error  string // Dagu's words
	Stderr string // path of the step's log
}

// Status reads how a run stands. Dagu's exit codes do not tell (0 for an aborted run, 1 for a partly succeeded one), so its
// own record is read: the last line of status.jsonl of the run's last attempt.
func (p *Program) Status(dag, runID string) (Status, error) {
	pattern := filepath.Join(Home(p.root), "data", "dag-runs", dag, "dag-runs", "*", "*", "*", "dag-run_*_"+runID, "attempt_*", "status.jsonl")
	found, err := filepath.Glob(pattern)
	if err != nil {
		return Status{}, err
	}
	if len(found) == 0 {
		return Status{}, fmt.Errorf("Dagu has no record of run %s of %s: %w", runID, dag, fs.ErrNotExist)
	}
	line, err := lastWholeLine(found[len(found)-1])
	if err != nil {
		return Status{}, err
	}
	var raw struct {
		Status State `json:"status"`
		PID    int   `json:"pid"`
		Nodes  []struct {
			Step   struct{ Name string } `json:"step"`
			Status State                 `json:"status"`
			Error  string                `json:"error"`
			Stderr string                `json:"stderr"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal(line, &raw); err != nil {
		return Status{}, fmt.Errorf("read Dagu's status of run %s: %w", runID, err)
	}
	s := Status{State: raw.Status, PID: raw.PID}
	for _, n := range raw.Nodes {
		s.Steps = append(s.Steps, StepStatus{Name: n.Step.Name, State: n.Status, Error: n.Error, Stderr: n.Stderr, Exit: exitCode(n.Error)})
	}
	return s, nil
}

var exitStatus = regexp.MustCompile(`exit status (\d+)`)

func exitCode(message string) int {
	m := exitStatus.FindStringSubmatch(message)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
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
		return nil, errors.New("Dagu has not written a status yet")
	}
	return last, nil
}

// settled waits a little for the record of a run whose Dagu has just ended.
func (p *Program) settled(dag, runID string) (s Status, err error) {
	for range 20 {
		if s, err = p.Status(dag, runID); err == nil && s.State != Running && s.State != NotStarted {
			return s, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return s, err
}
