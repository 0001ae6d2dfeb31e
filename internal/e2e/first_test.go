package e2e_test

import "testing"
import "time"

func TestFirst(t *testing.T) {
	p := newProject(t)
	s := time.Now()
	r := p.run("run", "mini", "-local")
	t.Log(time.Since(s), r.stderr, r.stdout)
	for _, n := range stageNames { s:=time.Now(); t.Log(p.stage(n), time.Since(s)) }
	t.Log(p.run("plan","mini").stdout)
	t.Log(p.run("list").stdout)
	t.Log(p.digests())
}
var stageNames = []string{"ingest", "clean", "format", "train", "eval"}
