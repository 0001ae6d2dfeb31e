package e2e_test

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/stage"
)

// A training that is stopped and started again ends with the bytes of one that never was, wherever the signal comes: between
// steps, inside a window of accumulation, in the second seed.
func TestStopAndGoOn(t *testing.T) {
	p := newProject(t)
	p.edit("pipelines/mini/stages.yaml", "batch: {rows: 2, accumulate: 2}", "batch: {rows: 1, accumulate: 6}")
	for _, name := range stage.Sections[:3] {
		p.stage(name)
	}
	train := []string{"train", "-config", "pipelines/mini/stages.yaml"}
	start := time.Now()
	p.run(train...)
	whole := time.Since(start)
	want := p.digests()["train"]
	for _, s := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGTERM, 143}, {syscall.SIGINT, 130}} {
		t.Run(s.signal.String(), func(t *testing.T) {
			p := p
			p.t = t
			anew := func() {
				p.run("gc", "-keep", "0", "-yes")
				for _, name := range stage.Sections[:3] {
					p.stage(name)
				}
			}
			anew()
			stops, whole := 0, whole
			for n := 1; ; n++ {
				c := p.start(train...)
				time.Sleep(whole/8 + whole*time.Duration(n*37%64)/100) // between 1/8 and 6/8 of a whole run
				c.Process.Signal(s.signal)
				r := p.finish(c)
				if r.code == 0 && stops == 0 && whole > 10*time.Millisecond { // the machine was busier when it was timed
					whole /= 2
					anew()
					continue
				}
				if r.code == 0 {
					break
				}
				stops++
				if r.code != s.code || !strings.Contains(r.stderr, "stopped by "+s.signal.String()) {
					t.Fatalf("exit %d, want %d:\n%s", r.code, s.code, r.stderr)
				}
				if n > 1 && !strings.Contains(r.stderr, "goes on after step") && !exists(filepath.Join(p.store, "work/*/seed-1/checkpoint-*")) {
					t.Errorf("no checkpoint was used or left:\n%s", r.stderr)
				}
				if n > 60 {
					t.Fatal("it makes no headway")
				}
			}
			if stops == 0 {
				t.Error("it was never stopped")
			}
			if got := p.digests()["train"]; got != want {
				t.Errorf("after %d stops the digest is %s, want %s", stops, got, want)
			}
		})
	}
}

// The whole run may be stopped anywhere, in any stage, as often as one likes.
func TestStopTheRunAnywhere(t *testing.T) {
	p := newProject(t)
	start := time.Now()
	p.run("run", "mini", "-local")
	whole := time.Since(start)
	want := p.digests()
	rng := rand.New(rand.NewPCG(2, uint64(time.Now().UnixNano())))
	for stops := 0; stops < 10; {
		p := p.fresh()
		for done := false; !done; {
			c := p.start("run", "mini", "-local")
			time.Sleep(20*time.Millisecond + time.Duration(rng.Int64N(int64(whole))))
			c.Process.Signal(syscall.SIGTERM)
			r := p.finish(c)
			if done = r.code == 0; !done {
				stops++
			}
			if r.code > 0 && r.code != 143 { // -1: the signal came before the program listened
				t.Fatalf("exit %d:\n%s", r.code, r.stderr)
			}
		}
		p.settled()
		if diff := cmp.Diff(want, p.digests()); diff != "" {
			t.Fatalf("after %d stops: %s", stops, diff)
		}
	}
}

// max_time is no part of the key: a retry of the scheduler goes on where the time was over.
func TestMaxTime(t *testing.T) {
	p := newProject(t)
	start := time.Now()
	p.run("run", "mini", "-local")
	limit := (time.Since(start) / 4).Round(time.Millisecond)
	want := p.digests()
	p = p.fresh()
	p.edit("pipelines/mini/stages.yaml", "checkpoint: {every: 2}", "checkpoint: {every: 2}\n  max_time: "+limit.String())
	for n := 0; ; n++ {
		r := p.try("run", "mini", "-local")
		if r.code == 0 {
			if n == 0 {
				t.Error("the time was never over")
			}
			break
		}
		if r.code != 1 || !strings.Contains(r.stderr, "max_time is over") || n > 60 {
			t.Fatalf("attempt %d: exit %d\n%s", n, r.code, r.stderr)
		}
	}
	if diff := cmp.Diff(want, p.digests()); diff != "" {
		t.Error(diff)
	}
}
