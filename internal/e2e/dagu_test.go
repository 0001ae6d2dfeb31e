package e2e_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/dagu"
)

// scheduled is the miniature project with Dagu in its .dagu, or leaves the test out.
func scheduled(t *testing.T) project {
	t.Helper()
	found, err := dagu.Find("../..")
	if err != nil {
		t.Skipf("left out: %v (`fettle dagu install` gets it)", err)
	}
	p := newProject(t)
	bin := filepath.Join(dagu.Home(p.root), "bin")
	must(t, os.MkdirAll(bin, 0o755))
	must(t, os.Symlink(found.Path, filepath.Join(bin, "dagu")))
	return p
}

// lastStarted is the id of the run that was started last: ids begin with the time.
func (p project) lastStarted() string {
	p.t.Helper()
	runs, err := os.ReadDir(filepath.Join(p.store, "runs"))
	must(p.t, err)
	if len(runs) == 0 {
		p.t.Fatal("no runs")
	}
	return runs[len(runs)-1].Name()
}

// statusOf is how Dagu recorded a run.
func (p project) statusOf(id string) dagu.Status {
	p.t.Helper()
	d, err := dagu.Find(p.root)
	must(p.t, err)
	s, err := d.Status("mini", id)
	must(p.t, err)
	return s
}

// Through Dagu and without it a run makes the same bytes, and the second time it computes nothing.
func TestThroughDagu(t *testing.T) {
	p := scheduled(t)
	r := p.run("run", "mini")
	if !strings.Contains(r.stdout, "report: ") || !strings.Contains(r.stderr, "train   seed 2") {
		t.Errorf("no report or no progress:\n%s%s", r.stdout, r.stderr)
	}
	got := p.digests()
	p.settled()
	r = p.run("run", "mini")
	if n := strings.Count(r.stderr, "   cached  "); n != 5 {
		t.Errorf("%d of 5 stages were cached:\n%s", n, r.stderr)
	}
	for _, name := range []string{"ingest", "eval"} { // a run of the scheduler leaves the same record as ours
		if !strings.Contains(read(filepath.Join(p.store, "runs", p.lastRun(), "run.json")), `"stage": "`+name+`"`) {
			t.Errorf("run.json of %s lacks %s", p.lastRun(), name)
		}
	}
	local := p.fresh()
	local.run("run", "mini", "-local")
	if diff := cmp.Diff(local.digests(), got); diff != "" {
		t.Errorf("through Dagu (+) and -local (-) differ: %s", diff)
	}
}

// What a step must know reaches it through Dagu: the store, changed settings, the run; paths may hold what a shell would split.
func TestEnvironmentThroughDagu(t *testing.T) {
	p := scheduled(t)
	p.edit("pipelines/mini.yaml", "steps:\n", "env:\n  - LONE: value\nsteps:\n") // what -local does not understand, Dagu does
	p.store = filepath.Join(t.TempDir(), "my store 名")
	p.run("run", "mini", "-set", "train.epochs=1", "-set", "eval.max_new_tokens=4")
	through := p.digests()
	p.edit("pipelines/mini.yaml", "env:\n  - LONE: value\n", "")
	p.store = filepath.Join(t.TempDir(), "store")
	p.run("run", "mini", "-local", "-set", "train.epochs=1", "-set", "eval.max_new_tokens=4")
	if diff := cmp.Diff(p.digests(), through); diff != "" {
		t.Error(diff)
	}
}

// The exit code is that of the step that failed; what is wrong is shown.
func TestDaguTellsTheTruth(t *testing.T) {
	p := scheduled(t)
	const config = "pipelines/mini/stages.yaml"
	t.Run("a gate", func(t *testing.T) {
		p := p
		p.t = t
		p.edit(config, "  columns: [text]", "  max_dropped: 0.1\n  columns: [text]")
		defer p.edit(config, "  max_dropped: 0.1\n", "")
		if r := p.try("run", "mini"); r.code != 3 || !strings.Contains(r.stderr, "gate: 2 of 14 rows dropped") {
			t.Errorf("exit %d\n%s", r.code, r.stderr)
		}
		if s := p.statusOf(p.lastStarted()); s.State != dagu.Failed {
			t.Errorf("Dagu says %s", s.State)
		}
	})
	t.Run("settings that are wrong for the step alone", func(t *testing.T) {
		p := p
		p.t = t
		p.edit("pipelines/mini.yaml", "-in clean=${CLEAN.artifact}", "-in clean=nonsense")
		defer p.edit("pipelines/mini.yaml", "-in clean=nonsense", "-in clean=${CLEAN.artifact}")
		if r := p.try("run", "mini"); r.code != 2 || !strings.Contains(r.stderr, "want STAGE/KEY") {
			t.Errorf("exit %d\n%s", r.code, r.stderr)
		}
	})
	t.Run("a failure, after its retries", func(t *testing.T) {
		p := p
		p.t = t
		must(t, os.WriteFile(filepath.Join(p.root, "cut.tar.gz"), []byte("\x1f\x8b no archive"), 0o644))
		p.edit(config, "path: pages", "path: cut.tar.gz")
		defer p.edit(config, "path: cut.tar.gz", "path: pages")
		if r := p.try("run", "mini"); r.code != 1 || !strings.Contains(r.stderr, "cut.tar.gz") || strings.Contains(r.stderr, "onExit") {
			t.Errorf("exit %d\n%s", r.code, r.stderr)
		}
		if s := p.statusOf(p.lastStarted()); len(s.Steps) == 0 || s.Steps[0].Retries != 2 {
			t.Errorf("retries: %+v", s)
		}
	})
	t.Run("settings, before anything starts", func(t *testing.T) {
		p := p
		p.t = t
		if r := p.try("run", "mini", "-set", "train.epochs=0"); r.code != 2 || !strings.Contains(r.stderr, "train.epochs") {
			t.Errorf("exit %d\n%s", r.code, r.stderr)
		}
	})
}

// A training that is told to stop saves a checkpoint and the same command goes on from there.
func TestInterruptThroughDagu(t *testing.T) {
	p := scheduled(t)
	p.run("run", "mini", "-local")
	want := p.digests()
	p.edit("pipelines/mini/stages.yaml", "every: 2", "every: 1000") // so that a checkpoint comes from the signal
	p.store = filepath.Join(t.TempDir(), "store")
	c := p.start("run", "mini")
	until(t, "the training", func() bool { return exists(filepath.Join(p.store, "work/*/seed-1")) })
	time.Sleep(50 * time.Millisecond)
	must(t, c.Process.Signal(syscall.SIGTERM))
	r := p.finish(c)
	if r.code != 143 || !strings.Contains(r.stderr, "the same command goes on") {
		t.Errorf("exit %d\n%s", r.code, r.stderr)
	}
	if !exists(filepath.Join(p.store, "work/*/seed-1/checkpoint-*")) {
		t.Errorf("no checkpoint:\n%s", r.stderr)
	}
	p.run("run", "mini")
	if diff := cmp.Diff(want, p.digests()); diff != "" {
		t.Error(diff)
	}
}

// kill -9 of Dagu leaves its step at work; the same command waits for that orphan, or finds what it made.
func TestKilledDagu(t *testing.T) {
	p := scheduled(t)
	p.run("run", "mini", "-local")
	want := p.digests()
	p.store = filepath.Join(t.TempDir(), "store")
	c := p.start("run", "mini")
	until(t, "the training", func() bool { return exists(filepath.Join(p.store, "work/*/seed-1")) })
	must(t, syscall.Kill(p.statusOf(p.lastStarted()).PID, syscall.SIGKILL))
	if r := p.finish(c); r.code != 1 || !strings.Contains(r.stderr, "the same command") {
		t.Errorf("exit %d\n%s", r.code, r.stderr)
	}
	p.run("run", "mini")
	if diff := cmp.Diff(want, p.digests()); diff != "" {
		t.Error(diff)
	}
	p.settled()
}

// kill -9 of a step (by the kernel that ran out of memory, say) fails the run and says so, or Dagu tries the step again; the
// same command ends as ever.
func TestKilledStep(t *testing.T) {
	p := scheduled(t)
	p.run("run", "mini", "-local")
	want := p.digests()
	p.store = filepath.Join(t.TempDir(), "store")
	c := p.start("run", "mini")
	until(t, "the training", func() bool { return exists(filepath.Join(p.store, "work/*/seed-1")) })
	work, err := filepath.Glob(filepath.Join(p.store, "work/*/seed-1"))
	must(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(read(filepath.Dir(work[0]) + ".lock")))
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	if r := p.finish(c); r.code != 0 && (r.code != 137 || !strings.Contains(r.stderr, "SIGKILL ended it")) {
		t.Errorf("exit %d\n%s", r.code, r.stderr)
	}
	p.run("run", "mini")
	if diff := cmp.Diff(want, p.digests()); diff != "" {
		t.Error(diff)
	}
}

// kill -9 of fettle run itself leaves Dagu at work; the same command comes to the same end.
func TestKilledRun(t *testing.T) {
	p := scheduled(t)
	p.run("run", "mini", "-local")
	want := p.digests()
	p.store = filepath.Join(t.TempDir(), "store")
	c := p.start("run", "mini")
	until(t, "the first stage", func() bool { return exists(filepath.Join(p.store, "artifacts/ingest/*")) })
	must(t, c.Process.Kill())
	p.finish(c)
	first := p.lastStarted()
	p.run("run", "mini")
	if diff := cmp.Diff(want, p.digests()); diff != "" {
		t.Error(diff)
	}
	until(t, "the first Dagu to end", func() bool { return p.statusOf(first).State != dagu.Running })
	if s := p.statusOf(first); s.State != dagu.Succeeded {
		t.Errorf("the run that nobody followed has %s", s.State)
	}
}

func TestTwoRunsAtOnceThroughDagu(t *testing.T) {
	p := scheduled(t)
	a, b := p.start("run", "mini"), p.start("run", "mini")
	ra, rb := p.finish(a), p.finish(b)
	if ra.code != 0 || rb.code != 0 {
		t.Fatalf("exits %d and %d:\n%s\n%s", ra.code, rb.code, ra.stderr, rb.stderr)
	}
	if n := strings.Count(ra.stderr+rb.stderr, "   cached  "); n != 5 {
		t.Errorf("%d stages were found cached by the two together, want 5:\n%s\n%s", n, ra.stderr, rb.stderr)
	}
}
