package train

import (
	"fmt"
	"time"

	"fettle/internal/backend"
	"fettle/internal/config"
	"fettle/internal/lora"
	"fettle/internal/optimizer"
	"fettle/internal/quant"
)

// Settings is the section train of a stages.yaml.
type Settings struct {
	Mode       string                   `json:"mode" check:"oneof=lora|full|scratch" jsonschema:"lora: an adapter on the frozen model; full: all weights; scratch: all weights from random ones"`
	LoRA       lora.Config              `json:"lora" jsonschema:"the adapter (mode lora)"`
	Objective  config.Choice[Objective] `json:"objective" check:"required" jsonschema:"what is minimised: sft, or a preference (dpo, orpo, kto) over answers that were judged"`
	From       string                   `json:"from" path:"adapter" jsonschema:"adapter to start from, as PEFT or fettle saved it (mode lora); it brings its own sizes and targets"`
	After      string                   `json:"after" jsonschema:"pipeline that trained before: its last adapter is gone on with, seed by seed (mode lora; -in train=REF names another)"`
	Quant      quant.Recipe             `json:"quant" jsonschema:"the base in 4 bits (mode lora)"`
	Seeds      []int64                  `json:"seeds" check:"minlen=1" jsonschema:"one training for each: of the initial weights, the order of the blocks and dropout"`
	Epochs     int                      `json:"epochs" check:"min=1" jsonschema:"passes over the blocks"`
	MaxSteps   int                      `json:"max_steps" check:"min=0" jsonschema:"end after so many optimizer steps (0 = after the epochs)"`
	Batch      Batch                    `json:"batch" jsonschema:"blocks of one optimizer step"`
	Devices    int                      `json:"devices" check:"min=1" jsonschema:"devices of the backend that share the micro-batches of a step, each with a copy of the weights"`
	Optimizer  optimizer.Config         `json:"optimizer" jsonschema:"how the weights move"`
	Eval       Held                     `json:"eval" jsonschema:"loss on rows that are not trained"`
	NEFTune    float64                  `json:"neftune_alpha" check:"min=0" jsonschema:"noise on the embeddings while training (NEFTune, arXiv:2310.05914; 5 is usual); 0 = none"`
	Schedule   Schedule                 `json:"schedule" jsonschema:"learning rate over the steps"`
	Shuffle    bool                     `json:"shuffle" jsonschema:"draw a new order of the blocks for each epoch; false = as in the table"`
	DType      string                   `json:"dtype" check:"oneof=bf16|f16|f32" jsonschema:"type of the saved weights (modes full and scratch)"`
	Compute    string                   `json:"compute" check:"oneof=auto|f32|bf16" jsonschema:"type that activations and the frozen base are computed in; auto = bf16 on a GPU, f32 elsewhere. Softmax, norms, losses, adapters and moments are f32 always"`
	Remat      string                   `json:"remat" check:"oneof=auto|on|off" jsonschema:"compute each layer again in the backward pass: a fraction of the memory, a third more time; auto = where what layers keep would pass 1 GiB"`
	Backend    string                   `json:"backend" key:"-" check:"oneof=auto|go|xla:cpu|xla:cuda" jsonschema:"what computes (fettle doctor says what works here); auto = the first that does of xla:cuda, xla:cpu, go"`
	Checkpoint Checkpoint               `json:"checkpoint" key:"-" jsonschema:"what is kept to go on from"`
	MaxTime    time.Duration            `json:"max_time" key:"-" jsonschema:"save a checkpoint and exit with 1 after so long (0s = never)"`
}

// Batch says how many blocks make a step.
type Batch struct {
	Rows       int `json:"rows" check:"min=1" jsonschema:"blocks of a micro-batch: computed at once"`
	Accumulate int `json:"accumulate" check:"min=1" jsonschema:"micro-batches of a step"`
}

// Checkpoint says how often the state is saved.
type Checkpoint struct {
	Every int `json:"every" check:"min=1" jsonschema:"optimizer steps between two checkpoints"`
}

func defaults() Settings {
	sft, _ := config.New[Objective]("sft")
	return Settings{
		Mode:       "lora",
		Objective:  config.Choice[Objective]{Name: "sft", Value: sft},
		LoRA:       lora.Defaults(),
		Quant:      quant.Plain(),
		Seeds:      []int64{1},
		Epochs:     1,
		Batch:      Batch{Rows: 8, Accumulate: 1},
		Devices:    1,
		Optimizer:  optimizer.Defaults(),
		Schedule:   Schedule{Name: "cosine"},
		Shuffle:    true,
		DType:      "bf16",
		Compute:    "auto",
		Remat:      "auto",
		Backend:    backend.Auto,
		Checkpoint: Checkpoint{Every: 200},
	}
}

// Check holds the rules over several settings.
func (s Settings) Check(fault func(field, want string)) {
	seen := map[int64]bool{}
	for i, seed := range s.Seeds {
		if seen[seed] {
			fault(fmt.Sprintf("seeds[%d]", i), fmt.Sprintf("seeds that differ: %d is there already", seed))
		}
		seen[seed] = true
	}
	if s.Devices > s.Batch.Accumulate {
		fault("devices", fmt.Sprintf("at most batch.accumulate (%d): a device computes a whole micro-batch", s.Batch.Accumulate))
	}
	if s.Mode != "lora" && s.Quant.Load == "nf4" {
		fault("quant.load", "none: only mode lora trains on a base in 4 bits")
	}
	if s.Quant.Load == "nf4" && s.LoRA.Init == lora.PiSSA {
		fault("lora.init", "kaiming or gaussian: pissa changes the base, which is in 4 bits")
	}
	if s.Mode != "lora" && s.From != "" {
		fault("from", "left out: only mode lora starts from an adapter")
	}
	if s.After != "" && (s.Mode != "lora" || s.From != "") {
		fault("after", "left out: only mode lora starts from an adapter, and from one (train.from)")
	}
	if o, ok := s.Objective.Value.(preference); ok && s.Mode == "scratch" && o.reference() != "" {
		fault("objective", fmt.Sprintf("sft or orpo: %s compares with a reference, and mode scratch begins with random weights", s.Objective.Name))
	}
	if s.Mode != "lora" && len(s.Seeds) > 1 {
		fault("seeds", "one seed: several are for adapters (mode lora)")
	}
}
