package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// noNetwork names a file, in which a fettle whose environment has it notes every address that it asks for and does not get.
const noNetwork = "E2E_NO_NETWORK"

// cutOff takes the network from this process: no name is resolved, no HTTP connection made.
func cutOff(notes string) {
	refuse := func(_ context.Context, network, address string) (net.Conn, error) {
		f, err := os.OpenFile(notes, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			fmt.Fprintln(f, network, address)
			err = f.Close()
		}
		return nil, errors.Join(fmt.Errorf("no network: %s %s", network, address), err)
	}
	http.DefaultTransport = &http.Transport{DialContext: refuse}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: refuse}
}

// The quickstart, all five stages of it with fewer steps and questions, needs no network and asks for none: where the system
// gives one, it runs in a namespace without any.
func TestOffline(t *testing.T) {
	p := project{t: t, root: t.TempDir()}
	p.store = filepath.Join(p.root, ".fettle")
	must(t, os.CopyFS(filepath.Join(p.root, "pipelines"), os.DirFS("../../pipelines")))
	notes := filepath.Join(t.TempDir(), "asked")
	quick := []string{"run", "quickstart", "-local"}
	for _, set := range []string{"train.max_steps=2", "train.checkpoint.every=2", "format.exam.per_stratum=1", "format.exam.recall=1", "eval.timed=1",
		"eval.max_new_tokens=2", "eval.judge.resamples=100", "train.backend=go", "eval.backend=go"} {
		quick = append(quick, "-set", set)
	}
	for _, args := range [][]string{quick, {"plan", "quickstart"}, {"inspect", "pipelines/quickstart/base"}, {"list"}, {"verify"}} {
		if r := p.offline(notes, args...); r.code != 0 {
			t.Errorf("fettle %s: exit %d\n%s", args[0], r.code, r.stderr)
		}
	}
	if asked := read(notes); asked != "" {
		t.Errorf("asked for:\n%s", asked)
	}

	// The proof that a request would have been noted: what needs the network asks for it.
	pull := p.startOffline(notes, "pull", "hf:owner/name", "-to", filepath.Join(p.root, "pulled"))
	until(t, "a note of what fettle pull asks for", func() bool { return strings.Contains(read(notes), "huggingface.co") })
	must(t, pull.Process.Kill())
	if r := p.finish(pull); r.code == 0 {
		t.Error("fettle pull found a network")
	}
}

// offline runs fettle without a network.
func (p project) offline(notes string, args ...string) result {
	p.t.Helper()
	return p.finish(p.startOffline(notes, args...))
}

func (p project) startOffline(notes string, args ...string) *process {
	p.t.Helper()
	for _, isolate := range []func(*exec.Cmd) bool{isolated, func(*exec.Cmd) bool { return true }} {
		c := &process{Cmd: p.command(args...)}
		c.Stdout, c.Stderr = &c.out, &c.err
		c.Env = append(c.Env, noNetwork+"="+notes)
		for _, proxy := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "HF_HUB_OFFLINE", "HF_ENDPOINT"} {
			c.Env = append(c.Env, proxy+"=")
		}
		if isolate(c.Cmd) && c.Start() == nil {
			return c
		}
	}
	p.t.Fatal("fettle does not start")
	return nil
}
