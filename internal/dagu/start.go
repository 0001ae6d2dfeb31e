package dagu

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Run names one run of a DAG.
type Run struct {
	DAG    string // its name: pipelines/<DAG>.yaml
	ID     string
	Config string // the DAG's one parameter: the settings file, relative to the project root
}

// stopTime is how long a step may take to save a checkpoint when it is told to stop. Dagu may also be waiting for a retry,
// which no signal cuts short.
const stopTime = 2 * time.Minute

// Start runs a DAG to its end and returns its true status. When ctx is cancelled Dagu is told to stop, which passes SIGTERM on
// to the steps, and the status is that of the stopped run. An error means that there is none: the DAG could
// not be started, or Dagu was killed.
func (p *Program) Start(ctx context.Context, run Run) (Status, error) {
	// Dagu evaluates parameters: a value with white space must be quoted, and these would end the quotes or run something.
	if strings.ContainsAny(run.Config, "`$\"\\\n") {
		return Status{}, fmt.Errorf("settings file %q: Dagu takes parameters as shell code, so its path must be free of ` $ \" \\ and line ends", run.Config)
	}
	cmd := exec.Command(p.Path, "start", "-q", "-r", run.ID, filepath.Join(p.root, "pipelines", run.DAG+".yaml"), "--", `CONFIG="`+run.Config+`"`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches us alone; we pass it on once
	done, err := p.turn(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("start %s: %w", run.DAG, err)
	}
	ended := make(chan struct{})
	go func() {
		defer done()
		p.untilBegun(run, ended)
	}()
	said, err := p.work(ctx, cmd)
	close(ended)
	s, statusErr := p.Status(run.DAG, run.ID)
	if errors.Is(statusErr, fs.ErrNotExist) {
		return s, fmt.Errorf("start %s: Dagu does not run it (%v): %s", run.DAG, err, said)
	}
	if statusErr == nil && s.State == Lost {
		return s, fmt.Errorf("run %s of %s: Dagu ended (%v) and left it running: a step may still be at work; the same command waits for it and goes on", run.ID, run.DAG, err)
	}
	return s, statusErr
}

// Stop tells the Dagu that runs this run to stop it: steps get SIGTERM and save what they have. It does not wait.
func (p *Program) Stop(ctx context.Context, dag, runID string) error {
	cmd := exec.CommandContext(ctx, p.Path, "stop", "-q", "-r", runID, dag)
	cmd.Dir, cmd.Env = p.root, p.environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("stop run %s of %s: %w: %s", runID, dag, err, lastLine(out))
	}
	return nil
}

// work runs the command to its end, with SIGTERM when ctx is cancelled, and returns the last thing that it said.
func (p *Program) work(ctx context.Context, cmd *exec.Cmd) (string, error) {
	var out strings.Builder
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.root, p.environment(), &out, &out
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err = <-ended:
		case <-time.After(stopTime):
			cmd.Process.Kill()
			err = <-ended
		}
	}
	return lastLine([]byte(out.String())), err
}

// environment tells Dagu its folders, and puts this program first on PATH: the DAGs call it by the name fettle.
func (p *Program) environment() []string {
	env := append(os.Environ(), "DAGU_HOME="+Home(p.root), "DAGU_DAGS_DIR="+filepath.Join(p.root, "pipelines"))
	if p.base != "" {
		env = append(env, "DAGU_BASE_CONFIG="+p.base)
	}
	if self, err := os.Executable(); err == nil {
		env = append(env, "PATH="+filepath.Dir(self)+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	return env
}
