package stage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// FindRoot is the project root: the nearest folder at or above dir that holds a folder pipelines.
func FindRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if info, err := os.Stat(filepath.Join(at, "pipelines")); err == nil && info.IsDir() {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no folder pipelines in %s or above: run fettle inside a project (fettle init makes one)", dir)
		}
	}
}

// StoreDir is the store of a project: the flag, else FETTLE_STORE, else <root>/.fettle.
func StoreDir(flag, root string) string {
	if flag != "" {
		return flag
	}
	if env := os.Getenv("FETTLE_STORE"); env != "" {
		return env
	}
	return filepath.Join(root, ".fettle")
}

// PipelineOf names the pipeline of a settings file: the folder it lies in.
func PipelineOf(config string) (string, error) {
	abs, err := filepath.Abs(config)
	if err != nil {
		return "", err
	}
	return filepath.Base(filepath.Dir(abs)), nil
}

// RunID is the run that this process belongs to: FETTLE_RUN, else Dagu's, else one per pipeline for stages started by hand.
func RunID(pipeline string) string {
	for _, name := range []string{"FETTLE_RUN", "DAG_RUN_ID"} {
		if id := os.Getenv(name); id != "" {
			return id
		}
	}
	return "hand-" + pipeline
}

// Interrupted is the cause of a context that a signal cancelled.
type Interrupted struct{ Signal os.Signal }

func (i Interrupted) Error() string { return "stopped by " + i.Signal.String() }

// Code is the exit code of a process that ends by the signal: 130 for SIGINT, 143 for SIGTERM.
func (i Interrupted) Code() int {
	if s, ok := i.Signal.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return 130
}

// ErrMaxTime ends a stage whose max_time is over, after a checkpoint: a retry goes on from there.
var ErrMaxTime = errors.New("max_time is over; the checkpoint is saved, the same command goes on")
