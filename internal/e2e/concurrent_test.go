package e2e_test

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Of two runs at once one computes; the other waits, says for whom, and finds everything cached.
func TestTwoRunsAtOnce(t *testing.T) {
	p := newProject(t)
	a, b := p.start("run", "mini", "-local"), p.start("run", "mini", "-local")
	ra, rb := p.finish(a), p.finish(b)
	if ra.code != 0 || rb.code != 0 {
		t.Fatalf("exits %d and %d:\n%s\n%s", ra.code, rb.code, ra.stderr, rb.stderr)
	}
	computed := regexp.MustCompile(`(?m)^\w+ +[0-9.]+ s  \w+/[0-9a-f]{16}$`)
	n := len(computed.FindAllString(ra.stderr, -1)) + len(computed.FindAllString(rb.stderr, -1))
	if n != 5 {
		t.Errorf("%d stages were computed by the two together, want 5:\n%s\n%s", n, ra.stderr, rb.stderr)
	}
	p.settled()
}

// Whoever waits says which process it waits for, ends at once when it is told to, and takes over when that process is killed.
func TestWaitForTheLock(t *testing.T) {
	p := newProject(t)
	for _, name := range []string{"ingest", "clean", "format"} {
		p.stage(name)
	}
	p.stage("train")
	want := p.digests()["train"]
	p.run("gc", "-keep", "0", "-yes")
	for _, name := range []string{"ingest", "clean", "format"} {
		p.stage(name)
	}
	train := []string{"train", "-config", "pipelines/mini/stages.yaml"}
	holder := p.start(train...)
	until(t, "the training to start", func() bool { return exists(filepath.Join(p.store, "work/*/seed-1")) })
	must(t, holder.Process.Signal(syscall.SIGSTOP)) // it holds the lock and does nothing
	impatient, heir := p.start(train...), p.start(train...)
	line := "waits: process " + strconv.Itoa(holder.Process.Pid) + " computes train/"
	events := filepath.Join(p.store, "runs", "hand-mini", "events.jsonl")
	until(t, "both to wait", func() bool { return strings.Count(read(events), line) == 2 })
	must(t, impatient.Process.Signal(syscall.SIGTERM))
	if r := p.finish(impatient); r.code != 143 {
		t.Errorf("told to stop while it waits: exit %d\n%s", r.code, r.stderr)
	}
	must(t, holder.Process.Kill())
	p.finish(holder)
	if r := p.finish(heir); r.code != 0 || !strings.Contains(r.stderr, line) {
		t.Errorf("exit %d\n%s", r.code, r.stderr)
	}
	if diff := cmp.Diff(want, p.digests()["train"]); diff != "" {
		t.Error(diff)
	}
}
