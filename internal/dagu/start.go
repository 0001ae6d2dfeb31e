package dagu

import (
	"context"
	"fmt"
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

// stopTime is how long a step may take to save a checkpoint when it is told to stop.
const stopTime = 2 * time.Minute

// Start runs a DAG to its end and returns the status that Dagu recorded. When ctx is cancelled Dagu is told to stop, which
// passes SIGTERM on to the steps, and the status is that of the stopped run.
func (p *Program) Start(ctx context.Context, run Run) (Status, error) {
	if strings.ContainsAny(run.Config, "`$;&|<>\"'\\\n") {
		return Status{}, fmt.Errorf("settings file %q: Dagu's parameters are shell code, this path cannot be one", run.Config)
	}
	cmd := exec.Command(p.Path, "start", "-q", "-r", run.ID, filepath.Join(p.root, "pipelines", run.DAG+".yaml"), "--", "CONFIG="+run.Config)
	cmd.Dir, cmd.Env = p.root, p.environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches us alone; we pass it on once
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return Status{}, fmt.Errorf("start Dagu: %w", err)
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
	s, statusErr := p.settled(run.DAG, run.ID)
	if statusErr != nil {
		return s, fmt.Errorf("run %s of %s: %w (Dagu: %v: %s)", run.ID, run.DAG, statusErr, err, lastLine([]byte(out.String())))
	}
	if s.State == Running || s.State == NotStarted {
		return s, fmt.Errorf("run %s of %s: Dagu ended (%v) and left it running: its step may still be at work; the same command goes on where it is", run.ID, run.DAG, err)
	}
	return s, nil
}

// environment gives Dagu its home, and puts this program first on PATH: the DAGs call it by the name fettle.
func (p *Program) environment() []string {
	env := append(os.Environ(), "DAGU_HOME="+Home(p.root))
	if self, err := os.Executable(); err == nil {
		env = append(env, "PATH="+filepath.Dir(self)+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	return env
}

// Up runs the scheduler and the web page until ctx is cancelled.
func (p *Program) Up(ctx context.Context, login Login) error {
	cmd := exec.CommandContext(ctx, p.Path, "start-all", "--host", "127.0.0.1", "--port", fmt.Sprint(login.Port), "--dags", filepath.Join(p.root, "pipelines"))
	cmd.Dir, cmd.Env = p.root, p.environment()
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTime
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("Dagu ended: %w", err)
}
