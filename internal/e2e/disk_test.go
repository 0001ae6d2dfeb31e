package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/stage"
)

// limited runs fettle under a shell's limit of the size of a file, in blocks of 512 bytes: a disk that is full, for those who
// may not mount one.
func (p project) limited(blocks int, args ...string) result {
	p.t.Helper()
	c := &process{Cmd: exec.Command("/bin/sh", append([]string{"-c", fmt.Sprintf(`ulimit -f %d; trap '' XFSZ; exec fettle "$@"`, blocks), "sh"}, args...)...)}
	like := p.command()
	c.Dir, c.Env, c.Stdout, c.Stderr = like.Dir, like.Env, &c.out, &c.err
	must(p.t, c.Start())
	return p.finish(c)
}

// oneError wants exit 1 and one line that says what and where, with nothing half-written left behind.
func (p project) oneError(r result, texts ...string) {
	p.t.Helper()
	var errors []string
	for line := range strings.Lines(r.stderr) {
		if strings.HasPrefix(line, "fettle ") {
			errors = append(errors, strings.TrimSpace(line))
		}
	}
	lines := strings.Split(strings.TrimSpace(r.stderr), "\n")
	if r.code != 1 || len(errors) != 1 || lines[len(lines)-1] != errors[0] {
		p.t.Errorf("exit %d, want 1, and one error in:\n%s", r.code, r.stderr)
	}
	for _, text := range texts {
		if !strings.Contains(r.stderr, text) {
			p.t.Errorf("no %q in %q", text, errors)
		}
	}
	if r.stdout != "" {
		p.t.Errorf("a failed stage prints on stdout: %s", r.stdout)
	}
}

func TestFullDisk(t *testing.T) {
	p := newProject(t)
	p.run("run", "mini", "-local")
	want := p.digests()
	p = p.fresh()
	for _, name := range stage.Sections {
		args := []string{name, "-config", "pipelines/mini/stages.yaml"}
		failures := 0
		for _, blocks := range []int{0, 2, 6, 16, 40, 80} { // each is met somewhere else: a table, a checkpoint, the manifest
			r := p.limited(blocks, args...)
			if r.code == 0 {
				break
			}
			failures++
			p.oneError(r, "file too large")
			p.settled()
			for _, pattern := range []string{"work/*/*.tmp", "work/*/.new-*", "work/*/*/*.tmp", "cache/stat/.new-*", "runs/*/*/.new-*"} {
				if exists(filepath.Join(p.store, pattern)) {
					t.Errorf("%s: a full disk keeps %s", name, pattern)
				}
			}
		}
		if failures < 2 {
			t.Errorf("%s met the limit %d times only", name, failures)
		}
		p.run(args...)
	}
	if diff := cmp.Diff(want, p.digests()); diff != "" {
		t.Errorf("after a full disk: %s", diff)
	}
}

func TestUnwritableStore(t *testing.T) {
	p := newProject(t)
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	p.store = filepath.Join(file, "store") // not even root can make a folder in a file
	p.oneErrorOf("open store", "not a directory")
	if os.Getuid() == 0 {
		return
	}
	p.store = t.TempDir()
	must(t, os.Chmod(p.store, 0o555))
	p.oneErrorOf("open store", "permission denied")
}

// oneErrorOf runs the first stage.
func (p project) oneErrorOf(texts ...string) {
	p.t.Helper()
	p.oneError(p.try("ingest", "-config", "pipelines/mini/stages.yaml"), texts...)
}

func TestMissingInput(t *testing.T) {
	p := newProject(t)
	p.oneError(p.try("clean", "-config", "pipelines/mini/stages.yaml"), "no run of pipeline mini has made ingest yet")
	p.oneError(p.try("clean", "-config", "pipelines/mini/stages.yaml", "-in", "ingest=ingest/0123456789abcdef"), "ingest/0123456789abcdef: no such artifact")
	p.edit("pipelines/mini/stages.yaml", "path: pages", "path: nowhere")
	p.oneErrorOf("ingest.sources[0].markdown.path", "there is no nowhere in")
	p.settled()
}

// A damaged input artifact is found by verify; -remove lets the next run make it again.
func TestDamagedArtifact(t *testing.T) {
	p := newProject(t)
	p.run("run", "mini", "-local")
	want := p.digests()
	found, err := filepath.Glob(filepath.Join(p.store, "artifacts/clean/*/rows.arrow"))
	must(t, err)
	raw, err := os.ReadFile(found[0])
	must(t, err)
	raw[len(raw)/2] ^= 1
	must(t, os.WriteFile(found[0], raw, 0o644))
	if r := p.try("verify"); r.code != 1 || !strings.Contains(r.stdout, "rows.arrow has sha256") || !strings.Contains(r.stderr, "1 of 5 artifacts are damaged") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r := p.run("verify", "-remove"); !strings.Contains(r.stderr, "removed 1") {
		t.Error(r.stderr)
	}
	p.run("run", "mini", "-local")
	p.settled()
	if diff := cmp.Diff(want, p.digests()); diff != "" {
		t.Error(diff)
	}
}

func TestTruncatedArchive(t *testing.T) {
	for _, kind := range []string{"tar", "tar.gz", "zip"} {
		t.Run(kind, func(t *testing.T) {
			p := newProject(t)
			whole := pack(t, kind, filepath.Join(p.root, "pages"))
			p.edit("pipelines/mini/stages.yaml", "path: pages", "path: pages."+kind)
			path := filepath.Join(p.root, "pages."+kind)
			for _, size := range []int{0, 10, len(whole) / 3, len(whole) / 2, len(whole) - 2000} {
				must(t, os.WriteFile(path, whole[:max(size, 0)], 0o644))
				p.oneErrorOf("pages." + kind)
				p.settled()
			}
			must(t, os.WriteFile(path, whole, 0o644))
			if r := p.stage(stage.Sections[0]); r.Rows.Kept != 14 {
				t.Errorf("the whole archive gives %+v", r.Rows)
			}
		})
	}
}
