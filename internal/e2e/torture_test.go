package e2e_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// kills is how often the torture test kills in all.
func kills(t *testing.T) int {
	s := os.Getenv("FETTLE_KILLS")
	if s == "" {
		return 50
	}
	n, err := strconv.Atoi(s)
	must(t, err)
	return n
}

// A moment is when a process is killed.
type moment struct {
	name string
	seen string // a path in the store, as a pattern: killed as soon as it is there; "" = at a random time
}

// Half of the kills come at a random time, half aim at the short moments that matter: a commit between its manifest and its
// rename, a checkpoint that is being written or has just replaced another, a record of the run.
var moments = []moment{
	{name: "any time"},
	{name: "any time"},
	{name: "any time"},
	{name: "manifest written", seen: "work/*/out/manifest.json"},
	{name: "checkpoint begun", seen: "work/*/seed-*/checkpoint-*.tmp"},
	{name: "report of the run written", seen: "runs/*/reports/.new-*"},
}

// kill -9 at any moment, then the same command: at the end the same bytes, and at no time a half artifact.
func TestTortureByKill(t *testing.T) {
	p := newProject(t)
	start := time.Now()
	p.run("run", "mini", "-local")
	whole := time.Since(start)
	want := p.digests()
	rng := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	total, killed := kills(t), map[string]int{}
	for n := 0; n < total; {
		p := p.fresh()
		for done := false; !done; {
			m := moments[rng.IntN(len(moments))]
			limit := time.Duration(rng.Int64N(int64(whole)))
			if m.seen != "" {
				limit = 2 * whole
			}
			ended := p.killed(m, limit, rng.IntN(4) == 0)
			p.settled()
			if done = ended; !ended {
				killed[m.name]++
				n++
			}
		}
		if diff := cmp.Diff(want, p.digests()); diff != "" {
			t.Fatalf("after %d kills the digests differ: %s", n, diff)
		}
		must(t, os.RemoveAll(p.store))
	}
	t.Logf("killed %v", killed)
}

// killed runs the pipeline and kills it at the moment. It says whether a process came to its end before. With a rival, two run
// at once: the one that is not killed must come to its end, whether it computed or waited for the lock.
func (p project) killed(m moment, limit time.Duration, rival bool) (ended bool) {
	p.t.Helper()
	var other *process
	if rival {
		other = p.start("run", "mini", "-local")
	}
	victim := p.start("run", "mini", "-local")
	gone := make(chan error, 1)
	go func() { gone <- victim.Wait() }()
	p.await(m, limit, victim, gone)
	r := result{victim.ProcessState.ExitCode(), victim.out.String(), victim.err.String()}
	if r.code > 0 {
		p.t.Fatalf("not killed, exit %d: %s", r.code, r.stderr)
	}
	if other == nil {
		return r.code == 0
	}
	if r := p.finish(other); r.code != 0 {
		p.t.Fatalf("exit %d beside a killed process: %s", r.code, r.stderr)
	}
	return true
}

// await kills the process at the moment, unless it ends before.
func (p project) await(m moment, limit time.Duration, victim *process, gone <-chan error) {
	at := time.After(limit)
	for {
		select {
		case <-gone:
			return
		case <-at:
			m.seen = "."
		default:
		}
		if m.seen != "" && exists(filepath.Join(p.store, m.seen)) {
			victim.Process.Signal(syscall.SIGKILL) // it may have ended just now
			<-gone
			return
		}
		time.Sleep(100 * time.Microsecond)
	}
}
