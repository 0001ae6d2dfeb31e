package rundiff_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/artifact"
	"fettle/internal/rundiff"
	"fettle/internal/table"
	"fettle/schemas"
)

// side lays down what a training leaves: three conversations, one step for each loss given.
func side(t *testing.T, name, settings string, seed int64, losses []float64, rows map[string]float64) rundiff.Side {
	t.Helper()
	dir := t.TempDir()
	var history strings.Builder
	for i, l := range losses {
		raw, err := json.Marshal(schemas.Step{Seed: seed, Step: int64(i + 1), Loss: l, GradNorm: 1, Tokens: 10})
		must(t, err)
		history.Write(append(raw, '\n'))
	}
	must(t, os.WriteFile(filepath.Join(dir, "history.jsonl"), []byte(history.String()), 0o644))
	var costs []schemas.RowLoss
	var conversations []schemas.Conversation
	for _, id := range []string{"a", "b", "c"} {
		conversations = append(conversations, schemas.Conversation{Origin: schemas.Origin{ID: id, Source: "s", File: id + ".md", Row: 7},
			Messages: []schemas.Message{{Role: "user", Content: "q"}, {Role: "assistant", Content: "answer of\n" + id}}})
		if loss, ok := rows[id]; ok {
			costs = append(costs, schemas.RowLoss{Seed: seed, Epoch: 0, ID: id, Tokens: 10, Loss: 9}, schemas.RowLoss{Seed: seed, Epoch: 1, ID: id + ".0", Tokens: 10, Loss: loss})
		}
	}
	write(t, filepath.Join(dir, "rowloss.arrow"), costs)
	write(t, filepath.Join(dir, "conversations.arrow"), conversations)
	a := func(stage, digest string) *artifact.Artifact {
		return &artifact.Artifact{Ref: artifact.RefOf(stage, strings.Repeat("0", 16)), Dir: dir, Manifest: &artifact.Manifest{Digest: digest,
			Parts:  artifact.Parts{Stage: stage, Settings: json.RawMessage(settings)},
			Report: json.RawMessage(`{"figures": {"loss_by_source": [{"source": "s", "tokens": 30, "last": 2}]}}`)}}
	}
	return rundiff.Side{Name: name, Chain: map[string]*artifact.Artifact{"format": a("format", "same"), "train": a("train", name)}}
}

func write[T any](t *testing.T, path string, rows []T) {
	t.Helper()
	w, err := table.NewWriter[T](path)
	must(t, err)
	for _, r := range rows {
		must(t, w.Write(r))
	}
	must(t, w.Close())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCompare(t *testing.T) {
	a := side(t, "one", `{"lr": 1}`, 1, []float64{3, 2, 1.5, 1}, map[string]float64{"a": 1, "b": 2})
	b := side(t, "two", `{"lr": 2}`, 1, []float64{3, 2.001, 1.2}, map[string]float64{"a": 1.5, "b": 1, "c": 3})
	d, err := rundiff.Compare(a, b, 1)
	must(t, err)
	s := d.Seeds[0]
	got := []any{s.Parted, s.Visible, s.OnlyA, s.OnlyB, len(s.Steps), d.SameWeights, d.Shared, d.OnlyA, d.OnlyB, d.MeanA, d.MeanB, d.LessInB, d.MoreInB}
	want := []any{int64(2), int64(3), 1, 0, 3, false, 2, 0, 1, 1.5, 1.25, 1, 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]rundiff.Row{{ID: "b", Source: "s", File: "b.md", Row: 7, Answer: "answer of\nb", Tokens: 10, A: 2, B: 1}}, d.Rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"lr 1 -> 2"}, d.Stages[1].Changes); diff != "" {
		t.Error(diff)
	}
}

// Without a seed in common the first is laid beside the first.
func TestOtherSeeds(t *testing.T) {
	rows := map[string]float64{"a": 1}
	d, err := rundiff.Compare(side(t, "one", `{}`, 1, []float64{1}, rows), side(t, "two", `{}`, 5, []float64{2}, rows), 3)
	must(t, err)
	if len(d.Seeds) != 1 || d.Seeds[0].A != 1 || d.Seeds[0].B != 5 || d.Seeds[0].Parted != 1 {
		t.Errorf("%+v", d.Seeds)
	}
}

// A history that is empty or cut off is an error that names the side.
func TestDamagedHistory(t *testing.T) {
	rows := map[string]float64{"a": 1}
	for text, want := range map[string]string{"": "two: its history.jsonl has no step", `{"seed":1,"st`: "two: read history.jsonl: unexpected EOF"} {
		a, b := side(t, "one", "{}", 1, []float64{2}, rows), side(t, "two", "{}", 1, []float64{2}, rows)
		must(t, os.WriteFile(b.Chain["train"].Path("history.jsonl"), []byte(text), 0o644))
		if _, err := rundiff.Compare(a, b, 1); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "fettle verify") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
