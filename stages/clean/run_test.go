package clean_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/artifact"
	"fettle/internal/stage"
	"fettle/internal/table"
	"fettle/schemas"
	"fettle/stages/clean"
)

// project makes a project with one pipeline p and an ingest artifact of these rows; it returns the command's arguments.
func project(t *testing.T, settings string, schema *table.Schema, rows []table.Row) []string {
	t.Helper()
	root := t.TempDir()
	config := filepath.Join(root, "pipelines", "p", "stages.yaml")
	if err := os.MkdirAll(filepath.Dir(config), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"FETTLE_STORE": "", "FETTLE_RUN": "", "DAG_RUN_ID": ""} {
		t.Setenv(name, value)
	}
	t.Chdir(root)
	store, err := artifact.Open(filepath.Join(root, ".fettle"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := store.Create(artifact.Parts{Stage: "ingest", Version: 1, Settings: json.RawMessage("{}")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := table.Create(filepath.Join(w.Dir(), "rows.parquet"), schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := out.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	a, err := w.Commit(nil, json.RawMessage("{}"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"-config", config, "-in", "ingest=" + string(a.Ref)}
}

func start(t *testing.T, args ...string) (code int, report stage.Report, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = clean.Stage.Start(context.Background(), args, &out, &errs)
	if code == 0 {
		if err := json.Unmarshal(out.Bytes(), &report); err != nil {
			t.Fatal(err)
		}
	}
	return code, report, errs.String()
}

var pageSchema = &table.Schema{Fields: []table.Field{
	{Name: "id", Type: table.String}, {Name: "source", Type: table.String}, {Name: "file", Type: table.String}, {Name: "row", Type: table.Int64},
	{Name: "page", Type: table.String}, {Name: "text", Type: table.String, Nullable: true},
	{Name: "messages", Type: table.List(table.Struct(table.Field{Name: "role", Type: table.String}, table.Field{Name: "content", Type: table.String})), Nullable: true},
}}

func page(i int64, name string, text any, messages ...string) table.Row {
	o := schemas.NewOrigin("s", name, i)
	var list []any
	for _, m := range messages {
		list = append(list, []any{"user", m})
	}
	return table.Row{o.ID, o.Source, o.File, o.Row, name, text, list}
}

const everything = `clean:
  operators:
    - unicode
    - whitespace
    - length: {min: 5}
    - match: {pattern: '^> alias'}
    - language: {languages: [en]}
    - exact
    - minhash
    - pii
    - split: {group: page, shares: [{name: train, share: 0.5}, {name: test}]}
`

func pages() []table.Row {
	long := "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen the end of it"
	rows := []table.Row{
		page(1, "a", "The first\u200b page  \n\n\n\nof all"), page(2, "b", "hi"), page(3, "c", "> alias of the other"), page(4, "d", "这是中文"+"，所以不要"),
		page(5, "e", "the FIRST page of all!"), page(6, "f", "The mail of the boss is a@b.cn"), page(7, "g", nil), page(8, "h", long), page(9, "i", long+" again"),
	}
	for i := range int64(3000) {
		rows = append(rows, page(10+i, fmt.Sprint("p", i%700), fmt.Sprintf("The page number %d of the book with the number %d", i, i*i)))
	}
	return rows
}

func TestRun(t *testing.T) {
	args := project(t, everything, pageSchema, pages())
	code, report, stderr := start(t, args...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if diff := cmp.Diff(stage.Rows{In: 3009, Kept: 3003, Dropped: 6, Out: 3003}, report.Rows); diff != "" {
		t.Error(diff)
	}
	wantDrops := map[string]map[string]int64{
		"length": {"too_short": 2}, "match": {"matches": 1}, "language": {"other_language": 1}, "exact": {"duplicate": 1}, "minhash": {"near_duplicate": 1},
	}
	if diff := cmp.Diff(wantDrops, report.DroppedBy); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"email": 1.0, "rows_changed": 1.0}, report.Figures["pii"]); diff != "" {
		t.Error(diff)
	}
	type out struct {
		schemas.Origin
		Page  string `json:"page"`
		Text  string `json:"text"`
		Split string `json:"split"`
	}
	split := map[string]string{}
	var first []string
	for r, err := range table.Read[out](filepath.Join(report.Path, "rows.arrow")) {
		if err != nil {
			t.Fatal(err)
		}
		if split[r.Page] != "" && split[r.Page] != r.Split {
			t.Fatalf("page %s is in %s and in %s", r.Page, split[r.Page], r.Split)
		}
		split[r.Page] = r.Split
		if r.Row < 8 {
			first = append(first, r.Text)
		}
	}
	if diff := cmp.Diff([]string{"The first page\n\nof all", "The mail of the boss is [EMAIL]"}, first); diff != "" {
		t.Error(diff)
	}
	var drops []string
	for d, err := range table.Read[schemas.Drop](filepath.Join(report.Path, "dropped", "rows.arrow")) {
		if err != nil {
			t.Fatal(err)
		}
		drops = append(drops, fmt.Sprintf("%s %s.%s %s", d.File, d.Operator, d.Reason, d.Numbers))
	}
	a, h := schemas.NewOrigin("s", "a", 1).ID, schemas.NewOrigin("s", "h", 8).ID
	want := []string{
		`b length.too_short {"min":5,"runes":2}`, `c match.matches {"found":"\u003e alias"}`, `d language.other_language {"language":"zh"}`,
		`e exact.duplicate {"first":"` + a + `"}`, `g length.too_short {"min":5,"runes":0}`,
		`i minhash.near_duplicate {"first":"` + h + `","jaccard":0.9375,"similar":"` + h + `","threshold":0.8}`,
	}
	if diff := cmp.Diff(want, drops); diff != "" {
		t.Error(diff)
	}
}

// pinned is the digest of what TestPinned writes. When it changes, raise Stage.Version: artifacts in users' stores would
// otherwise be taken for the new output.
var pinned = map[int]string{1: "ac330bbcdef2916f"}

func TestPinned(t *testing.T) {
	_, report, stderr := start(t, project(t, everything, pageSchema, pages())...)
	h := sha256.New()
	for _, name := range []string{"rows.arrow", "dropped/rows.arrow"} {
		r, err := table.Open(filepath.Join(report.Path, name))
		if err != nil {
			t.Fatal(err, stderr)
		}
		defer r.Close()
		for row, err := range r.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(h, "%q\n", row)
		}
	}
	got := hex.EncodeToString(h.Sum(nil)[:8])
	if diff := cmp.Diff(pinned[clean.Stage.Version], got); diff != "" {
		t.Errorf("the output of version %d changed (-want +got)\n%s", clean.Stage.Version, diff)
	}
}

// TestTwice: an operator may stand in a section twice, each with its own scratch files.
func TestTwice(t *testing.T) {
	_, report, stderr := start(t, project(t, "clean:\n  operators:\n    - minhash: {threshold: 0.95}\n    - minhash: {threshold: 0.6}\n", pageSchema, pages()[7:9])...)
	if diff := cmp.Diff(stage.Rows{In: 2, Kept: 1, Dropped: 1, Out: 1}, report.Rows); diff != "" {
		t.Errorf("%s\n%s", stderr, diff)
	}
}

// TestInterrupted: a cancelled run fails with the cause, and leaves nothing half-written.
func TestInterrupted(t *testing.T) {
	args := project(t, everything, pageSchema, pages())
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stage.Interrupted{Signal: syscall.SIGTERM})
	var out, errs bytes.Buffer
	if code := clean.Stage.Start(ctx, args, &out, &errs); code != 143 {
		t.Errorf("exit %d, want 143: %s", code, errs.String())
	}
	if found, _ := filepath.Glob(".fettle/artifacts/clean/*"); len(found) > 0 {
		t.Errorf("left %v", found)
	}
}

// TestWorkers: the same bytes, however many goroutines.
func TestWorkers(t *testing.T) {
	args := project(t, everything, pageSchema, pages())
	digests := map[string]bool{}
	for _, workers := range []string{"1", "2", "8"} {
		code, report, stderr := start(t, append(args, "-workers", workers)...)
		if code != 0 || report.Cached {
			t.Fatalf("exit %d, cached %v: %s", code, report.Cached, stderr)
		}
		digests[digestOf(t, report.Path)] = true
		if err := os.RemoveAll(report.Path); err != nil {
			t.Fatal(err)
		}
	}
	if len(digests) != 1 {
		t.Errorf("%d different outputs", len(digests))
	}
}

func digestOf(t *testing.T, dir string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m artifact.Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m.Digest
}

func TestNestedColumns(t *testing.T) {
	args := project(t, "clean:\n  columns: [messages.content, text]\n  operators:\n    - unicode\n    - select: {column: text, values: [x]}\n", pageSchema, []table.Row{
		page(1, "a", "x", "e\u0301", "b\u200b"), page(2, "b", "y", "b"), page(3, "c", "x\u200b"),
	})
	code, report, stderr := start(t, args...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	r, err := table.Open(filepath.Join(report.Path, "rows.arrow"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []table.Row
	for row, err := range r.Select("text", "messages") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row)
	}
	want := []table.Row{{"x", []any{[]any{"user", "é"}, []any{"user", "b"}}}, {"x", []any{}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFaults(t *testing.T) {
	cases := []struct {
		name, settings string
		code           int
		want           string
	}{
		{"no such column", "clean: {columns: [txt]}", 1, `no column "txt"; there are id, source`},
		{"no text", "clean: {columns: [messages]}", 1, "want the name of a text inside struct"},
		{"operator's column", "clean: {operators: [{select: {column: p, values: [x]}}]}", 1, `operators[0].select: no column "p"`},
		{"split is not last", "clean: {operators: [split, unicode]}", 2, "split as the last operator"},
		{"shares", "clean: {operators: [{split: {shares: [{name: a, share: 0.9}, {name: a, share: 0.9}]}}]}", 2, "add up to 1 at most"},
		{"pattern", "clean: {operators: [{match: {pattern: '('}}]}", 2, "a regular expression"},
		{"gate", "clean: {max_dropped: 0.1, operators: [{length: {min: 100}}]}", 3, "dropped"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			code, _, stderr := start(t, project(t, c.settings, pageSchema, []table.Row{page(1, "a", "x")})...)
			if code != c.code || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, %q; want %d and %q", code, stderr, c.code, c.want)
			}
		})
	}
}
