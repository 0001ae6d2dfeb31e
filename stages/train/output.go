package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"fettle/internal/disk"
	"fettle/internal/modeldir"
	"fettle/internal/table"
	"fettle/schemas"
)

// write lays down the artifact: the trained weights, the history, what each row cost, and the figures.
func (f *fitting) write() error {
	var history bytes.Buffer
	enc := json.NewEncoder(&history)
	path, err := f.job.File("rowloss.arrow")
	if err != nil {
		return err
	}
	rows, err := table.NewWriter[schemas.RowLoss](path)
	if err != nil {
		return err
	}
	for _, r := range f.results {
		for _, step := range r.state.history {
			if err := enc.Encode(step); err != nil {
				return err
			}
		}
		for _, row := range r.state.losses.ended {
			if err := rows.Write(row); err != nil {
				return errors.Join(err, rows.Close())
			}
		}
		if err := f.save(r); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	if err := rows.Close(); err != nil {
		return err
	}
	if path, err = f.job.File("history.jsonl"); err != nil {
		return err
	}
	if err := os.WriteFile(path, history.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	sources, err := f.bySource()
	if err != nil {
		return err
	}
	f.job.Figure("loss_by_source", sources)
	if err := f.writeChoice(); err != nil {
		return err
	}
	return f.account()
}

func (f *fitting) save(r result) error {
	if r.adapter != nil {
		r.adapter.Weights = r.weights()
		dir, err := f.job.File(fmt.Sprintf("adapters/seed-%d/adapter_model.safetensors", r.seed))
		if err != nil {
			return err
		}
		if err := f.writeTrainerState(fmt.Sprintf("adapters/seed-%d/trainer_state.json", r.seed), r); err != nil {
			return err
		}
		return r.adapter.Save(filepath.Dir(dir), f.note.Name)
	}
	path, err := f.job.File("model/config.json")
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := f.model.Save(dir, r.weights(), f.job.Settings.DType); err != nil {
		return err
	}
	texts, err := modeldir.Texts(f.dir)
	if err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	for _, name := range texts {
		if _, err := f.job.File("model/" + name); err != nil {
			return fmt.Errorf("save model: %w", err)
		}
		if err := disk.Copy(filepath.Join(dir, name), filepath.Join(f.dir, name)); err != nil {
			return fmt.Errorf("save model: %w", err)
		}
	}
	return f.writeTrainerState("model/trainer_state.json", r)
}

func (f *fitting) account() error {
	j := f.job
	j.Keep(int64(len(f.data.blocks)))
	if f.held != nil {
		j.Keep(int64(len(f.held.blocks)))
		j.Figure("eval", f.evaluations())
	}
	j.Out(int64(len(f.results)))
	j.Note("seeds", j.Settings.Seeds)
	j.Note("mode", j.Settings.Mode)
	recipe := f.recipe
	if len(recipe.Skip) == 0 { // of a repetition's settings the list is empty, else it is nil: the note, which is in eval's key, is one
		recipe.Skip = nil
	}
	j.Note("quant", recipe)
	var last []float64
	steps := 0
	for _, r := range f.results {
		if n := len(r.state.history); n > 0 {
			last = append(last, r.state.history[n-1].Loss)
			steps += n
		}
		if r.adapter != nil {
			j.Figure("trained_weights", r.adapter.Size())
			j.Figure("adapted_projections", len(r.adapter.Modules))
		}
	}
	j.Figure("final_loss", last)
	if j.Settings.Objective.Name != "sft" {
		j.Note("objective", j.Settings.Objective)
		j.Figure("rewards", f.rewards())
	}
	j.Figure("optimizer", f.optimizer())
	idle := 0.0
	for _, r := range f.results {
		idle = max(idle, r.idle)
	}
	j.Figure("device_idle_share", math.Round(1e4*idle)/1e4)
	if peak, ok := f.backend.DevicePeak(); ok {
		j.Figure("device_peak_bytes", peak)
	}
	j.Figure("steps", steps)
	j.Figure("tokens_per_epoch", f.tokens())
	return nil
}

// evaluations are what the rows kept out said, for each seed.
func (f *fitting) evaluations() map[string]any {
	var last, lowest []float64
	var steps []int64
	early := 0
	_, total := f.job.Settings.steps(len(f.data.blocks))
	for _, r := range f.results {
		h := r.state.history
		if b := best(h); b != nil {
			last, lowest, steps = append(last, *h[len(h)-1].EvalLoss), append(lowest, *b.EvalLoss), append(steps, b.Step)
		}
		if r.state.step < total {
			early++
		}
	}
	return map[string]any{"blocks": len(f.held.blocks), "tokens": f.held.trained(), "final_loss": last, "best_loss": lowest, "best_step": steps, "stopped_early": early}
}

// optimizer says what its state takes, beside what AdamW's in float32 would.
func (f *fitting) optimizer() map[string]any {
	o, r := f.job.Settings.Optimizer, f.results[0]
	all := int64(0)
	for _, w := range r.state.weights {
		all += 8 * int64(w.Shape().Size())
	}
	return map[string]any{"name": o.Name, "state_bytes": r.kept, "adamw_bytes": all, "paged": o.Paged}
}

func (f *fitting) tokens() (n int64) {
	for _, b := range f.data.blocks {
		n += int64(len(b.tokens))
	}
	return n
}
