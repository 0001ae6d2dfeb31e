package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"

	"fettle/schemas"
)

// trainerState is Hugging Face's trainer_state.json, for the tools that read it. It holds times, so it is a fact.
type trainerState struct {
	BestGlobalStep  any              `json:"best_global_step"`
	BestMetric      any              `json:"best_metric"`
	BestCheckpoint  any              `json:"best_model_checkpoint"`
	Epoch           float64          `json:"epoch"`
	EvalSteps       int              `json:"eval_steps"`
	GlobalStep      int64            `json:"global_step"`
	IsHyperSearch   bool             `json:"is_hyper_param_search"`
	IsLocalZero     bool             `json:"is_local_process_zero"`
	IsWorldZero     bool             `json:"is_world_process_zero"`
	LogHistory      []map[string]any `json:"log_history"`
	LoggingSteps    int              `json:"logging_steps"`
	MaxSteps        int              `json:"max_steps"`
	InputTokensSeen int64            `json:"num_input_tokens_seen"`
	TrainEpochs     int              `json:"num_train_epochs"`
	SaveSteps       int              `json:"save_steps"`
	Callbacks       map[string]any   `json:"stateful_callbacks"`
	TotalFLOs       float64          `json:"total_flos"`
	BatchSize       int              `json:"train_batch_size"`
	TrialName       any              `json:"trial_name"`
	TrialParams     any              `json:"trial_params"`
}

// writeTrainerState writes the state of one seed's training beside its weights.
func (f *fitting) writeTrainerState(name string, r result) error {
	s := f.job.Settings
	_, total := s.steps(len(f.data.blocks))
	state := trainerState{IsLocalZero: true, IsWorldZero: true, LoggingSteps: 1, MaxSteps: total, TrainEpochs: s.Epochs, SaveSteps: s.Checkpoint.Every,
		Callbacks: map[string]any{}, BatchSize: s.Batch.Rows, GlobalStep: int64(r.state.step)}
	sum, tokens := 0.0, int64(0)
	state.LogHistory = r.log()
	for _, h := range r.state.history {
		state.Epoch = h.Epoch
		sum += h.Loss * float64(h.Tokens)
		tokens += h.Tokens
	}
	perEpoch, _ := s.steps(len(f.data.blocks))
	state.InputTokensSeen = f.tokens() * int64(r.state.step) / int64(perEpoch)
	if b := best(r.state.history); b != nil {
		state.BestGlobalStep, state.BestMetric, state.EvalSteps = b.Step, *b.EvalLoss, s.Eval.Every
	}
	if len(r.state.history) > 0 {
		row := map[string]any{"epoch": state.Epoch, "step": r.state.step, "train_loss": sum / float64(max(tokens, 1)), "total_flos": 0.0}
		maps.Copy(row, s.speed(len(f.data.blocks), r))
		state.LogHistory = append(state.LogHistory, row)
	}
	raw, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return fmt.Errorf("encode trainer state: %w", err)
	}
	path, err := f.job.File(name)
	if err != nil {
		return err
	}
	f.job.Fact(name)
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}

// speed is what this process took for one seed: a resumed training counts from where it went on. Nothing where it did no step.
func (s Settings) speed(blocks int, r result) map[string]any {
	seconds := 0.0
	for _, x := range r.seconds {
		seconds += x
	}
	if seconds == 0 {
		return nil
	}
	window, samples := s.Batch.Rows*s.Batch.Accumulate, 0
	perEpoch, _ := s.steps(blocks)
	for step := r.state.step - len(r.seconds); step < r.state.step; step++ {
		samples += min(window, blocks-step%perEpoch*window) // the last window of an epoch may be short
	}
	return map[string]any{"train_runtime": seconds, "train_steps_per_second": float64(len(r.seconds)) / seconds, "train_samples_per_second": float64(samples) / seconds}
}

// log is a row for each step, with its seconds where this process did it.
func (r result) log() []map[string]any {
	var rows []map[string]any
	began := len(r.state.history) - len(r.seconds)
	for i, h := range r.state.history {
		row := map[string]any{"epoch": h.Epoch, "grad_norm": h.GradNorm, "learning_rate": h.LR, "loss": h.Loss, "step": h.Step}
		if i >= began {
			row["step_seconds"] = r.seconds[i-began]
		}
		maps.Copy(row, named(h.Preference))
		rows = append(rows, row)
		if h.EvalLoss != nil {
			rows = append(rows, map[string]any{"epoch": h.Epoch, "eval_loss": *h.EvalLoss, "step": h.Step})
		}
	}
	return rows
}

// named are the figures of a step of preference training by their names.
func named(p *schemas.Preference) map[string]any {
	if p == nil {
		return nil
	}
	var figures map[string]any
	raw, err := json.Marshal(p)
	if err = errors.Join(err, json.Unmarshal(raw, &figures)); err != nil {
		panic(err) // numbers only, and finite
	}
	return figures
}
