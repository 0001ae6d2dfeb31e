package table_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fettle/internal/table"
	"fettle/schemas"

	"github.com/google/go-cmp/cmp"
)

type everything struct {
	schemas.Origin
	Text    string            `json:"text"`
	Maybe   *string           `json:"maybe"`
	Small   int32             `json:"small"`
	Byte    uint8             `json:"byte"`
	Score   float64           `json:"score"`
	Half    float32           `json:"half"`
	Yes     bool              `json:"yes"`
	Raw     []byte            `json:"raw"`
	When    time.Time         `json:"when"`
	Tokens  []int32           `json:"tokens"`
	Longs   []int64           `json:"longs"`
	Weights []float32         `json:"weights"`
	Doubles []float64         `json:"doubles"`
	Flags   []bool            `json:"flags"`
	Names   []string          `json:"names"`
	Turns   []schemas.Message `json:"turns"`
	One     schemas.Segment   `json:"one"`
	Ref     *schemas.Segment  `json:"ref"`
	Skipped string            `json:"-"`
	hidden  int               //lint:ignore U1000 unexported fields are no columns
}

func everythingRows() []everything {
	s := "da"
	return []everything{
		{Origin: schemas.NewOrigin("s", "f", 1), Text: "中", Maybe: &s, Small: -1, Byte: 255, Score: 1.5, Half: 0.25, Yes: true, Raw: []byte("x"),
			When: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Tokens: []int32{1, 2, 3}, Longs: []int64{1 << 60}, Weights: []float32{0.5},
			Doubles: []float64{0.1}, Flags: []bool{true, false}, Names: []string{"a", ""}, One: schemas.Segment{ID: "q", Start: 1, End: 2}, Ref: &schemas.Segment{ID: "r"},
			Turns: []schemas.Message{{Role: "user", Content: "hi"}, {Role: "assistant", ToolCalls: []schemas.ToolCall{{ID: "1", Name: "f", Arguments: "{}"}}, LossWeight: 1}}},
		{Raw: []byte{}},
		{Text: "x", Raw: []byte{}, Tokens: []int32{7}},
	}
}

func collect[T any](t testing.TB, path string) []T {
	t.Helper()
	var out []T
	for row, err := range table.Read[T](path) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
	}
	return out
}

func save[T any](t testing.TB, path string, rows []T) {
	t.Helper()
	w, err := table.NewWriter[T](path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTypedRoundTrip(t *testing.T) {
	want := everythingRows()
	for _, ext := range columnar {
		path := filepath.Join(t.TempDir(), "t"+ext)
		save(t, path, want)
		got := collect[everything](t, path)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(everything{})); diff != "" {
			t.Error(ext, diff)
		}
	}
}

func TestTypedMatches(t *testing.T) {
	type wide struct {
		A int64   `json:"a"`
		B []int64 `json:"b"`
		C *string `json:"c"`
		D int64   `json:"d"`
		E string  `json:"extra"`
	}
	type narrow struct {
		D float64 `json:"d"`
		C string  `json:"c"`
		B []int32 `json:"b"`
		A int32   `json:"a"`
	}
	c := "c"
	for _, ext := range columnar {
		path := filepath.Join(t.TempDir(), "t"+ext)
		save(t, path, []wide{{A: 1, B: []int64{2, 3}, C: &c, D: 4}, {A: 1 << 40, C: &c}, {}, {B: []int64{1 << 40}, C: &c}, {C: &c, D: 1<<53 + 1}, {A: 5, C: &c}})
		var got []narrow
		var faults []string
		for row, err := range table.Read[narrow](path) {
			if err != nil {
				faults = append(faults, strings.TrimPrefix(err.Error(), "read "+path))
				continue
			}
			got = append(got, row)
		}
		if diff := cmp.Diff([]narrow{{4, "c", []int32{2, 3}, 1}, {C: "c", A: 5}}, got); diff != "" {
			t.Error(ext, diff)
		}
		want := []string{":2: column a: 1099511627776 does not fit int32", ":3: column c is null", ":4: column b: 1099511627776 does not fit int32", ":5: column d: 9007199254740993 has no exact float64"}
		if diff := cmp.Diff(want, faults); diff != "" {
			t.Error(ext, diff)
		}
	}
}

func TestTypedRefuses(t *testing.T) {
	type missing struct {
		Nope []schemas.Message `json:"nope"`
	}
	type other struct {
		Text int64 `json:"text"`
	}
	type turn struct {
		Role  string `json:"role"`
		Voice string `json:"voice"`
	}
	type deep struct {
		Turns []turn `json:"turns"`
	}
	path := filepath.Join(t.TempDir(), "t.parquet")
	save(t, path, everythingRows())
	check := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	check(first[missing](path), `no column "nope"`)
	check(first[other](path), `column "text" is string, must be int64`)
	check(first[deep](path), `no column "turns.voice"`)
}

func first[T any](path string) error {
	for _, err := range table.Read[T](path) {
		return err
	}
	return nil
}

func TestSchemaOf(t *testing.T) {
	got := table.SchemaOf[schemas.Block]()
	want := &table.Schema{Fields: []table.Field{
		{Name: "id", Type: table.Int64},
		{Name: "input_ids", Type: table.List(table.Int32)},
		{Name: "labels", Type: table.List(table.Int32)},
		{Name: "position_ids", Type: table.List(table.Int32)},
		{Name: "segment_ids", Type: table.List(table.Int32)},
		{Name: "segments", Type: table.List(table.Struct(table.Field{Name: "id", Type: table.String}, table.Field{Name: "start", Type: table.Int32}, table.Field{Name: "end", Type: table.Int32}, table.Field{Name: "side", Type: table.String}))},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
