package e2e_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/table"
	"fettle/schemas"
)

// Rows of a split of their own steer the training: their loss is in the history, the best adapter is what is kept, and no
// token of theirs is trained.
func TestHeldRowsSteerTheTraining(t *testing.T) {
	p := newProject(t)
	const stages = "pipelines/mini/stages.yaml"
	p.edit(stages, "{name: train, share: 0.6}", "{name: train, share: 0.4}\n          - {name: dev, share: 0.2}")
	p.edit(stages, "splits: [train]", "splits: [train]\n  held: [dev]")
	p.edit(stages, "epochs: 3", "epochs: 6\n  neftune_alpha: 5\n  eval: {every: 2, patience: 2, load_best: true}")
	p.edit(stages, "lr: 1e-2", "lr: 5e-2")
	p.run("run", "mini", "-local")
	format, train := p.stage("format"), p.stage("train")
	split := map[string]string{}
	for c, err := range table.Read[schemas.Conversation](filepath.Join(format.Path, "conversations.arrow")) {
		must(t, err)
		split[c.ID] = c.Split
	}
	for name, want := range map[string]string{"blocks.arrow": "train", "held.arrow": "dev"} {
		n := 0
		for b, err := range table.Read[schemas.Block](filepath.Join(format.Path, name)) {
			must(t, err)
			for _, s := range b.Segments {
				if n++; split[s.ID] != want {
					t.Errorf("%s holds %s of split %q", name, s.ID, split[s.ID])
				}
			}
		}
		if n == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	evaluated := 0
	for _, line := range strings.Split(strings.TrimSpace(read(filepath.Join(train.Path, "history.jsonl"))), "\n") {
		var s schemas.Step
		must(t, json.Unmarshal([]byte(line), &s))
		if s.EvalLoss != nil {
			evaluated++
		}
	}
	figures, _ := train.Figures["eval"].(map[string]any)
	lowest, _ := figures["best_loss"].([]any)
	if len(lowest) != 2 || evaluated < 4 {
		t.Errorf("%d evaluations, figures %v", evaluated, figures)
	}
	var state struct {
		Best   float64 `json:"best_metric"`
		Global int64   `json:"best_global_step"`
	}
	must(t, json.Unmarshal([]byte(read(filepath.Join(train.Path, "adapters", "seed-1", "trainer_state.json"))), &state))
	if state.Best != lowest[0] || state.Global == 0 {
		t.Errorf("trainer_state.json says %+v, the figures %v", state, figures)
	}
	// Without rows kept out it says what to do.
	p.edit(stages, "\n  held: [dev]", "")
	p.stage("format")
	if r := p.try("train", "-config", stages); r.code != 1 || !strings.Contains(r.stderr, "format.held") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}
