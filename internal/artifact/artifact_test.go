package artifact_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fettle/internal/artifact"

	"github.com/google/go-cmp/cmp"
)

func parts(settings string) artifact.Parts {
	return artifact.Parts{Stage: "clean", Version: 1, Settings: json.RawMessage(settings), Inputs: map[string]string{"ingest": "d1"}, Files: map[string]string{}}
}

func open(t *testing.T) *artifact.Store {
	t.Helper()
	s, err := artifact.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, s *artifact.Store, p artifact.Parts, files map[string]string, facts ...string) *artifact.Artifact {
	t.Helper()
	w, err := s.Create(p)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(w.Dir(), filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range facts {
		w.Fact(name)
	}
	a, err := w.Commit(map[string]artifact.Input{}, json.RawMessage(`{"rows":1}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestKeyDependsOnEveryPart(t *testing.T) {
	base := parts(`{"a":1,"b":2}`)
	if got, want := parts(`{"b":2, "a":1}`).Key(), base.Key(); got != want {
		t.Errorf("order and white space of settings changed the key: %s, want %s", got, want)
	}
	changes := map[string]func(*artifact.Parts){
		"stage":    func(p *artifact.Parts) { p.Stage = "format" },
		"version":  func(p *artifact.Parts) { p.Version = 2 },
		"settings": func(p *artifact.Parts) { p.Settings = json.RawMessage(`{"a":1,"b":3}`) },
		"inputs":   func(p *artifact.Parts) { p.Inputs = map[string]string{"ingest": "d2"} },
		"files":    func(p *artifact.Parts) { p.Files = map[string]string{"model": "f"} },
		"backend":  func(p *artifact.Parts) { p.Backend = "go" },
	}
	for name, change := range changes {
		p := parts(`{"a":1,"b":2}`)
		change(&p)
		if p.Key() == base.Key() {
			t.Errorf("%s does not enter the key", name)
		}
	}
}

func TestFactsStayOutOfTheDigest(t *testing.T) {
	s := open(t)
	a := write(t, s, parts(`{}`), map[string]string{"rows.arrow": "rows", "report.html": "today"}, "report.html")
	b := write(t, s, parts(`{"x":1}`), map[string]string{"rows.arrow": "rows", "report.html": "tomorrow"}, "report.html")
	if a.Manifest.Digest != b.Manifest.Digest {
		t.Errorf("digests differ though only a fact does: %s, %s", a.Manifest.Digest, b.Manifest.Digest)
	}
	if _, err := os.Stat(s.WorkDir(a.Manifest.Key[:16])); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("work folder after commit: %v, want it gone", err)
	}
}

func TestVerifyFindsOneFlippedByte(t *testing.T) {
	for _, file := range []string{"rows.arrow", "sub/report.html", "manifest.json"} {
		t.Run(file, func(t *testing.T) {
			s := open(t)
			a := write(t, s, parts(`{}`), map[string]string{"rows.arrow": "some rows", "sub/report.html": "<p>"}, "sub/report.html")
			if faults, err := s.Verify(a.Ref); err != nil || len(faults) > 0 {
				t.Fatalf("fresh artifact: %v %v", faults, err)
			}
			raw, err := os.ReadFile(a.Path(file))
			if err != nil {
				t.Fatal(err)
			}
			at := strings.Index(string(raw), "rows")
			raw[max(at, 0)] ^= 1
			if err := os.WriteFile(a.Path(file), raw, 0o644); err != nil {
				t.Fatal(err)
			}
			faults, err := s.Verify(a.Ref)
			if err == nil && len(faults) == 0 {
				t.Error("one flipped byte was not found")
			}
		})
	}
}

// Notes are any values: written in the order of their fields, read back as maps.
func TestVerifyTakesNotesOfAnyType(t *testing.T) {
	s := open(t)
	w, err := s.Create(parts(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.Commit(nil, json.RawMessage(`{}`), map[string]any{"model": struct{ Name, Digest string }{"m", "d"}, "html": "<&>"})
	if err != nil {
		t.Fatal(err)
	}
	if faults, err := s.Verify(a.Ref); err != nil || len(faults) > 0 {
		t.Errorf("fresh artifact: %v %v", faults, err)
	}
}

func TestVerifyFindsMissingAndExtraFiles(t *testing.T) {
	s := open(t)
	a := write(t, s, parts(`{}`), map[string]string{"a": "1", "b": "2"})
	os.Remove(a.Path("a"))
	os.WriteFile(a.Path("c"), nil, 0o644)
	faults, err := s.Verify(a.Ref)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{string(a.Ref) + ": a is missing", string(a.Ref) + ": c is not in the manifest"}
	if diff := cmp.Diff(want, faults); diff != "" {
		t.Error(diff)
	}
}

func TestACrashLeavesNoHalfArtifact(t *testing.T) {
	s := open(t)
	p := parts(`{}`)
	w, err := s.Create(p)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(w.Dir(), "half"), []byte("half"), 0o644)
	os.WriteFile(filepath.Join(w.Work(), "checkpoint"), []byte("step 7"), 0o644)
	// The process dies here. The next one starts again:
	if _, err := s.Get(artifact.RefOf("clean", p.Key())); !errors.Is(err, artifact.ErrNone) {
		t.Fatalf("an artifact appeared before its commit: %v", err)
	}
	w, err = s.Create(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(w.Dir(), "half")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a file of the crashed attempt is still in the artifact to be")
	}
	if _, err := os.Stat(filepath.Join(w.Work(), "checkpoint")); err != nil {
		t.Errorf("the checkpoint is gone: %v", err)
	}
}

func TestLockIsExclusiveAndTellsWhoHoldsIt(t *testing.T) {
	s := open(t)
	lock, err := s.Lock(t.Context(), "0123456789abcdef", func(int) { t.Error("waited for a free lock") })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
	defer cancel()
	pid := 0
	if _, err := s.Lock(ctx, "0123456789abcdef", func(p int) { pid = p }); err == nil {
		t.Fatal("two locks of one key")
	}
	if pid != os.Getpid() {
		t.Errorf("holder is pid %d, want %d", pid, os.Getpid())
	}
	lock.Unlock()
	again, err := s.Lock(t.Context(), "0123456789abcdef", func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	again.Unlock()
}

func TestGCKeepsWhatIsNeeded(t *testing.T) {
	s := open(t)
	a := write(t, s, parts(`{"n":1}`), map[string]string{"a": "1"})
	w, err := s.Create(artifact.Parts{Stage: "format", Settings: json.RawMessage(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.Commit(map[string]artifact.Input{"clean": {Ref: a.Ref}}, json.RawMessage(`{}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := write(t, s, parts(`{"n":2}`), map[string]string{"a": "2"})
	if _, err := s.Create(parts(`{"n":3}`)); err != nil { // unfinished work
		t.Fatal(err)
	}
	if g, err := s.GC(keeping(a.Ref, b.Ref, c.Ref), artifact.GCOptions{}); err != nil || g.Kept != 1 || len(g.Work) != 0 {
		t.Errorf("unfinished work is not kept: %+v, %v", g, err)
	}
	g, err := s.GC(keeping(b.Ref), artifact.GCOptions{Dry: true, Work: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]artifact.Ref{c.Ref}, g.Refs); diff != "" || len(g.Work) != 1 {
		t.Errorf("garbage: %s, work %v", diff, g.Work)
	}
	if refs, _ := s.List(); len(refs) != 3 {
		t.Errorf("a dry run removed something: %v", refs)
	}
	if _, err := s.GC(keeping(b.Ref), artifact.GCOptions{Work: true}); err != nil {
		t.Fatal(err)
	}
	refs, err := s.List()
	if diff := cmp.Diff([]artifact.Ref{a.Ref, b.Ref}, refs); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if left, _ := os.ReadDir(filepath.Join(s.Root, "work")); len(left) != 0 {
		t.Errorf("left in work: %v", left)
	}
}

func keeping(refs ...artifact.Ref) func() ([]artifact.Ref, error) {
	return func() ([]artifact.Ref, error) { return refs, nil }
}

// What a process has made stays until a run names it, and what appears while gc looks.
func TestGCKeepsWhatIsNew(t *testing.T) {
	s := open(t)
	a := write(t, s, parts(`{"n":1}`), map[string]string{"a": "1"})
	lock, err := s.Lock(t.Context(), a.Ref.Key16(), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	var b *artifact.Artifact
	late := func() ([]artifact.Ref, error) {
		if b == nil {
			b = write(t, s, parts(`{"n":2}`), map[string]string{"b": "2"})
		}
		return nil, nil
	}
	if g, err := s.GC(late, artifact.GCOptions{}); err != nil || len(g.Refs) > 0 {
		t.Errorf("removed %v (%v)", g.Refs, err)
	}
	lock.Unlock()
	if g, err := s.GC(late, artifact.GCOptions{}); err != nil || len(g.Refs) != 2 {
		t.Errorf("removed %v, want both (%v)", g.Refs, err)
	}
}

func TestDigestPath(t *testing.T) {
	s := open(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "a.txt")
	os.WriteFile(file, []byte("one"), 0o644)
	first, err := s.DigestPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := s.DigestPath(dir)
	if first != again {
		t.Error("digest changed though nothing did")
	}
	os.WriteFile(file, []byte("two"), 0o644)
	changed, _ := s.DigestPath(dir)
	if changed == first {
		t.Error("one byte changed and the digest did not")
	}
	other := t.TempDir()
	os.WriteFile(filepath.Join(other, "a.txt"), []byte("two"), 0o644)
	if moved, _ := s.DigestPath(other); moved != changed {
		t.Error("the folder's own name entered the digest")
	}
	if _, err := s.DigestPath(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing path: %v", err)
	}
}

func TestParseRef(t *testing.T) {
	for _, bad := range []string{"", "clean", "clean/", "clean/0123", "clean/0123456789abcdeg", "/0123456789abcdef"} {
		if _, err := artifact.ParseRef(bad); err == nil {
			t.Errorf("ParseRef(%q) was accepted", bad)
		}
	}
	ref, err := artifact.ParseRef("clean/0123456789abcdef")
	if err != nil || ref.Stage() != "clean" || ref.Key16() != "0123456789abcdef" {
		t.Errorf("ParseRef: %v %v", ref, err)
	}
}
