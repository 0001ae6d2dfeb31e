package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"fettle/internal/progress"
)

// pips are the ways to start the user's pip, the surest first.
var pips = [][]string{{"python3", "-m", "pip"}, {"python", "-m", "pip"}, {"pip3"}, {"pip"}}

// findPip gives the first that works here.
func findPip(ctx context.Context) ([]string, error) {
	for _, p := range pips {
		if exec.CommandContext(ctx, p[0], append(p[1:], "--version")...).Run() == nil {
			return p, nil
		}
	}
	return nil, errors.New("no pip on this machine (python3 -m pip, pip3, pip): install Python's pip, or give the wheels as files with -wheel")
}

// fetch gets wheels with pip, one by one, so that what came whole stays when a later one does not.
func (b *bringing) fetch(ctx context.Context, wheels []Wheel) error {
	if len(wheels) == 0 {
		return nil
	}
	pip, err := findPip(ctx)
	if err != nil {
		return err
	}
	task := b.tell.Task("fetch", Set{Wheels: wheels}.Download(), "MB")
	for _, w := range wheels {
		if err := b.fetchOne(ctx, pip, w, task); err != nil {
			return err
		}
	}
	task.Done()
	return nil
}

func (b *bringing) fetchOne(ctx context.Context, pip []string, w Wheel, task *progress.Task) error {
	tmp, err := os.MkdirTemp(filepath.Join(b.home, wheelsName), ".pip-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	// No dependencies: they would be JAX itself. The wheels hold libraries, which no version of Python runs.
	args := append(pip[1:len(pip):len(pip)], "download", "--no-deps", "--ignore-requires-python", "--only-binary=:all:", "--disable-pip-version-check",
		"--quiet", "--dest", tmp, w.Package+"=="+w.Version)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp) // what is under way can be seen there, and lies on the same disk
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = watch(tmp, w.Size, task, cmd.Run)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("pip download %s==%s: %w: %s", w.Package, w.Version, err, lastLine(out.String()))
	}
	path := filepath.Join(tmp, w.File)
	switch got := digest(path); got {
	case w.SHA256:
	case "":
		return fmt.Errorf("pip brought no %s", w.File)
	default:
		return fmt.Errorf("%s came with sha256 %s, want %s", w.File, got, w.SHA256)
	}
	final := filepath.Join(b.home, wheelsName, w.File)
	b.files[w.File] = final
	return os.Rename(path, final)
}

// watch counts a folder's growth while do runs; the whole wheel counts in the end.
func watch(dir string, size int64, task *progress.Task, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var seen int64
	for {
		select {
		case err := <-done:
			if err == nil {
				task.Add(size - seen)
			}
			return err
		case <-tick.C:
			if now := min(sizeOf(dir)/1e6, size); now > seen {
				task.Add(now - seen)
				seen = now
			}
		}
	}
}

// lastLine is the last thing that pip said: its error.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
