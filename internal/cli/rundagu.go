package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"fettle/internal/dagu"
	"fettle/internal/progress"
	"fettle/internal/stage"
)

// runDagu runs the pipeline through Dagu and follows what its stages write into the run's folder.
func (a *App) runDagu(ctx context.Context, p *pipeline, config, id string) int {
	d, err := dagu.Find(p.root)
	if err != nil {
		return a.fail("run", fmt.Errorf("%w: `fettle dagu install` gets it, `fettle run %s -local` works without", err, p.name))
	}
	if _, err := d.Setup(a.environment(p.store.Root)); err != nil {
		return a.fail("run", err)
	}
	dir := p.store.RunDir(id)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return a.fail("run", err)
	}
	view, err := progress.New("run", a.Stderr, "")
	if err != nil {
		return a.fail("run", err)
	}
	view.Say("%s: run %s", d, id)
	following, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { progress.Follow(following, filepath.Join(dir, "events.jsonl"), view) })
	status, err := d.Start(ctx, dagu.Run{DAG: p.name, ID: id, Config: relative(p.root, config)})
	stop()
	wg.Wait()
	view.Close()
	if err != nil {
		return a.fail("run", err)
	}
	return a.outcome(ctx, status)
}

// passed are the variables of the shell that a stage may need.
var passed = []string{"GOMAXPROCS", "GOMEMLIMIT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "CUDA_VISIBLE_DEVICES", "XLA_FLAGS", "GLIBC_TUNABLES", "LD_LIBRARY_PATH",
	"FETTLE_CACHE", "FETTLE_CUDA_OPTIONS", "FETTLE_MEMORY", "FETTLE_PJRT_CPU", "FETTLE_PJRT_CUDA", "XDG_CACHE_HOME"}

// environment is what the steps must know: Dagu hides the shell's variables from them.
func (a *App) environment(store string) map[string]string {
	env := map[string]string{"FETTLE_STORE": store}
	if abs, err := filepath.Abs(store); err == nil {
		env["FETTLE_STORE"] = abs
	}
	for _, name := range passed {
		if v := os.Getenv(name); v != "" {
			env[name] = v
		}
	}
	return env
}

func relative(root, path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(root, abs); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return abs
}

// outcome turns what Dagu recorded into our exit code, and shows the log of the step that failed.
func (a *App) outcome(ctx context.Context, s dagu.Status) int {
	if s.State == dagu.Succeeded {
		return 0
	}
	code := 1
	for _, step := range s.Steps {
		if step.State != dagu.Failed {
			continue
		}
		if step.Exit > 1 {
			code = step.Exit
		}
		fmt.Fprintf(a.Stderr, "fettle run: step %s failed:\n%s\n", step.Name, tail(step))
		if step.Exit == dagu.Killed {
			fmt.Fprintf(a.Stderr, "fettle run: SIGKILL ended it: by hand, or the kernel's, when memory runs out (`fettle inspect DIR` says what a training needs); the same command goes on\n")
		}
	}
	var stopped stage.Interrupted
	if errors.As(context.Cause(ctx), &stopped) {
		fmt.Fprintf(a.Stderr, "fettle run: stopped; the same command goes on from the last checkpoint\n")
		return stopped.Code()
	}
	if code == 1 {
		fmt.Fprintf(a.Stderr, "fettle run: the run has %s\n", s.State)
	}
	return code
}

// tail is the end of a step's log.
func tail(s dagu.StepStatus) string {
	raw, err := os.ReadFile(s.Stderr)
	if err != nil || len(raw) == 0 {
		return "  " + s.Error
	}
	lines := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	if len(lines) > 12 {
		lines = lines[len(lines)-12:]
	}
	return "  " + strings.Join(lines, "\n  ")
}
