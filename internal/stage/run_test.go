package stage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/artifact"
	"fettle/internal/stage"
	"fettle/schemas"
)

// settings of a stage that exists for these tests.
type settings struct {
	stage.Gates
	Word string `json:"word" check:"required" jsonschema:"what is written"`
	File string `json:"file" path:"file" jsonschema:"what is read"`
}

type job = stage.Job[settings]

// copier writes its word, and is whatever else the test makes of it.
func copier(run func(context.Context, *job) error) stage.Def[settings] {
	return stage.Def[settings]{Name: "clean", Version: 1, Defaults: func() settings { return settings{Gates: stage.Open, Word: "none"} },
		Inputs: []stage.Input{{Name: "ingest", Optional: true}}, Run: run}
}

func writeWord(_ context.Context, j *job) error {
	path, err := j.File("sub/word.txt")
	if err != nil {
		return err
	}
	j.Keep(3)
	j.Out(1)
	j.Figure("letters", len(j.Settings.Word))
	return errors.Join(os.WriteFile(path, []byte(j.Settings.Word), 0o644),
		j.Drop(schemas.Drop{Origin: schemas.NewOrigin("s", "f", 1), Operator: "length", Reason: "too_short", Numbers: stage.Numbers(map[string]any{"runes": 1})}),
		j.Reject(schemas.Reject{Origin: schemas.NewOrigin("s", "f", 2), Reason: "not_json"}))
}

// project makes a project with one settings file and stands in it.
func project(t *testing.T, yaml string) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("FETTLE_STORE", "")
	t.Setenv("FETTLE_RUN", "")
	t.Setenv("DAG_RUN_ID", "")
	if err := os.MkdirAll("pipelines/p", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("pipelines/p/stages.yaml", []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
}

type outcome struct {
	code           int
	stdout, stderr string
}

func start(ctx context.Context, d stage.Def[settings], args ...string) outcome {
	var out, err bytes.Buffer
	code := d.Start(ctx, append([]string{"-config", "pipelines/p/stages.yaml"}, args...), &out, &err)
	return outcome{code, out.String(), err.String()}
}

// What an older version of a stage made is not read by one that needs more; the version is said, not what is missing inside.
func TestInputOfAnOlderVersion(t *testing.T) {
	project(t, "ingest: {}\nclean: {}")
	older := copier(writeWord)
	older.Name, older.Inputs = "ingest", nil
	if o := start(t.Context(), older); o.code != 0 {
		t.Fatal(o.stderr)
	}
	made, _ := filepath.Glob(".fettle/artifacts/ingest/*")
	ref := "ingest/" + filepath.Base(made[0])
	for since, want := range map[int]int{0: 0, 1: 0, 2: 1} {
		d := copier(writeWord)
		d.Inputs = []stage.Input{{Name: "ingest", Since: since}}
		o := start(t.Context(), d, "-in", "ingest="+ref)
		says := "input ingest: version 1 of the stage made " + ref + ", and clean reads what version 2 or later makes: run ingest again"
		if o.code != want || want == 1 && !strings.Contains(o.stderr, says) {
			t.Errorf("since %d: exit %d, %s", since, o.code, o.stderr)
		}
	}
}

func TestReport(t *testing.T) {
	project(t, "clean: {word: hello}\n")
	o := start(t.Context(), copier(writeWord))
	if o.code != 0 {
		t.Fatal(o.stderr)
	}
	var got stage.Report
	if err := json.Unmarshal([]byte(o.stdout), &got); err != nil {
		t.Fatal(err)
	}
	want := stage.Report{Stage: "clean", Artifact: artifact.RefOf("clean", got.Key), Path: got.Path, Key: got.Key, Seconds: got.Seconds,
		Rows: stage.Rows{In: 5, Kept: 3, Dropped: 1, Rejected: 1, Out: 1}, DroppedBy: map[string]map[string]int64{"length": {"too_short": 1}},
		Figures: map[string]any{"letters": 5.0}}
	delete(got.Figures, "peak_rss_mb") // of the process
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"sub/word.txt", "dropped/rows.arrow", "rejects/rows.arrow", "manifest.json"} {
		if _, err := os.Stat(filepath.Join(got.Path, name)); err != nil {
			t.Error(err)
		}
	}
	never := copier(func(context.Context, *job) error { t.Error("computed again"); return nil })
	if o := start(t.Context(), never); o.code != 0 || !strings.Contains(o.stdout, `"cached":true`) {
		t.Errorf("%+v", o)
	}
}

func TestExitCodes(t *testing.T) {
	fails := func(err error) func(context.Context, *job) error {
		return func(context.Context, *job) error { return err }
	}
	tests := []struct {
		name, yaml string
		run        func(context.Context, *job) error
		args       []string
		code       int
		says       string
	}{
		{name: "done", yaml: "clean: {}", run: writeWord},
		{name: "failed", yaml: "clean: {}", run: fails(errors.New("the disk is full")), code: 1, says: "fettle clean: the disk is full"},
		{name: "time over", yaml: "clean: {}", run: fails(stage.ErrMaxTime), code: 1, says: "the same command goes on"},
		{name: "a bug", yaml: "clean: {}", run: func(context.Context, *job) error { panic("no such index") }, code: 1, says: "bug: no such index"},
		{name: "a fact that was not written", yaml: "clean: {}", run: func(_ context.Context, j *job) error { j.Fact("never"); return nil }, code: 1, says: "fact never was never written"},
		{name: "wrong settings", yaml: "clean: {wrd: x}", code: 2, says: "stages.yaml:1:9: clean.wrd"},
		{name: "another section's", yaml: "clean: {}\nclaen: {}", code: 2, says: "claen"},
		{name: "wrong flag", yaml: "clean: {}", args: []string{"-nonsense"}, code: 2, says: "-nonsense"},
		{name: "wrong input", yaml: "clean: {}", args: []string{"-in", "format=format/0123456789abcdef"}, code: 2, says: "clean reads ingest"},
		{name: "wrong reference", yaml: "clean: {}", args: []string{"-in", "ingest=x"}, code: 2, says: "want STAGE/KEY"},
		{name: "missing input", yaml: "clean: {}", args: []string{"-in", "ingest=ingest/0123456789abcdef"}, code: 1, says: "no such artifact"},
		{name: "missing file", yaml: "clean: {file: nowhere}", code: 1, says: "clean.file"},
		{name: "gate of dropped", yaml: "clean: {max_dropped: 0.1}", run: writeWord, code: 3, says: "1 of 5 rows dropped (20.0 %)"},
		{name: "gate of rejected", yaml: "clean: {max_rejected: 0.1}", run: writeWord, code: 3, says: "1 of 5 inputs rejected"},
		{name: "at the gate's limit", yaml: "clean: {max_dropped: 0.2}", run: writeWord},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			project(t, test.yaml)
			o := start(t.Context(), copier(test.run), test.args...)
			if o.code != test.code || !strings.Contains(o.stderr, test.says) {
				t.Errorf("exit %d, want %d, and %q in\n%s", o.code, test.code, test.says, o.stderr)
			}
			if o.code != 0 && o.code != 3 && o.stdout != "" {
				t.Errorf("prints a report though it failed: %s", o.stdout)
			}
			if left, _ := filepath.Glob(".fettle/artifacts/*/*"); (len(left) == 1) != (test.code == 0 || test.code == 3) {
				t.Errorf("exit %d leaves %v", o.code, left)
			}
		})
	}
}

// What a stage keeps under Work is there again when the same key is computed next; it goes with the commit.
func TestInterruptAndGoOn(t *testing.T) {
	project(t, "clean: {}")
	ctx, cancel := context.WithCancelCause(t.Context())
	d := copier(func(ctx context.Context, j *job) error {
		saved := filepath.Join(j.Work, "step")
		if _, err := os.Stat(saved); err == nil {
			return writeWord(ctx, j)
		}
		if err := os.WriteFile(saved, []byte("7"), 0o644); err != nil {
			return err
		}
		cancel(stage.Interrupted{Signal: syscall.SIGTERM})
		<-ctx.Done()
		return context.Cause(ctx)
	})
	if o := start(ctx, d); o.code != 143 || !strings.Contains(o.stderr, "stopped by terminated") {
		t.Errorf("%+v", o)
	}
	if o := start(t.Context(), d); o.code != 0 {
		t.Errorf("%+v", o)
	}
	if left, _ := filepath.Glob(".fettle/work/*/*"); len(left) > 0 {
		t.Errorf("left in work: %v", left)
	}
}

// The content of a path setting enters the key, its name does not.
func TestPathsEnterByContent(t *testing.T) {
	keys := map[string]string{}
	for _, c := range []struct{ file, text string }{{"a", "one"}, {"b", "one"}, {"a", "two"}} {
		project(t, "clean: {file: "+c.file+"}")
		if err := os.WriteFile(c.file, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		o := start(t.Context(), copier(writeWord))
		var r stage.Report
		if err := json.Unmarshal([]byte(o.stdout), &r); err != nil {
			t.Fatal(o.stderr)
		}
		keys[c.file+c.text] = r.Key
	}
	if keys["aone"] != keys["bone"] {
		t.Error("the name of a file changed the key")
	}
	if keys["aone"] == keys["atwo"] {
		t.Error("the content of a file did not change the key")
	}
}

// What is found is held as what is made is, until the run names it: gc must not take it in between.
func TestWhatIsFoundIsHeld(t *testing.T) {
	project(t, "clean: {word: one}")
	start(t.Context(), copier(writeWord))
	s, err := artifact.Open(".fettle")
	if err != nil {
		t.Fatal(err)
	}
	ref, err := stage.LastArtifact(s, "p", "clean")
	if err != nil {
		t.Fatal(err)
	}
	lock, err := s.Lock(t.Context(), ref.Key16(), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if o := start(ctx, copier(writeWord)); o.code == 0 || !strings.Contains(o.stderr, "waits") {
		t.Errorf("it did not wait for the lock: %d, %s", o.code, o.stderr)
	}
	lock.Unlock()
	if o := start(t.Context(), copier(writeWord)); o.code != 0 || !strings.Contains(o.stdout, `"cached":true`) {
		t.Errorf("%d, %s, %s", o.code, o.stdout, o.stderr)
	}
}

// A run is a folder below runs/: what its name could lead to elsewhere is refused before anything is written.
func TestRunIsAFolderOfItsOwn(t *testing.T) {
	for _, id := range []string{"../x", "a/b", ".", "..", "/tmp/x"} {
		project(t, "clean: {word: one}")
		t.Setenv("FETTLE_RUN", id)
		o := start(t.Context(), copier(writeWord))
		written, err := filepath.Glob(".fettle/*/*")
		if o.code != 2 || !strings.Contains(o.stderr, "FETTLE_RUN is") || err != nil || len(written) > 0 {
			t.Errorf("%s: code %d, %s, %v %v", id, o.code, o.stderr, written, err)
		}
	}
}

func TestLastArtifactIsTheNewest(t *testing.T) {
	project(t, "clean: {word: one}")
	start(t.Context(), copier(writeWord))
	if err := os.WriteFile("pipelines/p/stages.yaml", []byte("clean: {word: two}"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FETTLE_RUN", "another")
	o := start(t.Context(), copier(writeWord))
	s, err := artifact.Open(".fettle")
	if err != nil {
		t.Fatal(err)
	}
	ref, err := stage.LastArtifact(s, "p", "clean")
	if err != nil || !strings.Contains(o.stdout, string(ref)) {
		t.Errorf("last is %s, %v; made was %s", ref, err, o.stdout)
	}
	if _, err := stage.LastArtifact(s, "other", "clean"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of another pipeline: %v", err)
	}
}
