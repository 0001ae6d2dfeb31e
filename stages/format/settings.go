package format

import (
	"fmt"
	"time"

	"fettle/internal/config"
	"fettle/internal/stage"
)

// Settings is the section format of a stages.yaml.
type Settings struct {
	stage.Gates
	Model  string               `json:"model" path:"model" check:"required" jsonschema:"Hugging Face model directory: config, tokenizer, chat template and (but for training from scratch) weights"`
	Shape  config.Choice[Shape] `json:"shape" check:"required" jsonschema:"what the rows look like"`
	Splits []string             `json:"splits" jsonschema:"splits to train on (none = every row)"`
	Held   []string             `json:"held" jsonschema:"splits that train evaluates on while it trains the others (train.eval)"`
	Loss   string               `json:"loss" check:"oneof=assistant|all" jsonschema:"which tokens are learnt: the assistant's turns with their end-of-turn token, or all"`
	Date   string               `json:"date" jsonschema:"the day that a template which prints the date sees, as 2025-03-09"`
	Pack   Pack                 `json:"pack" jsonschema:"how conversations are laid into blocks"`
	Exam   *Exam                `json:"exam" jsonschema:"knowledge base and questions for eval (shapes that can ask)"`
}

// Pack says how conversations become blocks.
type Pack struct {
	Length  int    `json:"length" check:"min=8" jsonschema:"tokens of a block; a pair of answers lies in one block, each with the prompt"`
	TooLong string `json:"too_long" check:"oneof=drop|cut|fail" jsonschema:"what becomes of an example longer than a block: it is dropped, its end is cut off (of a pair, the longer answer's first), or the stage fails"`
	Alone   bool   `json:"alone" jsonschema:"one example a block, in the order of the rows: no packing, no shuffling"`
	Window  int    `json:"window" check:"min=1" jsonschema:"conversations that are shuffled and packed together; bounds the memory"`
	Seed    int64  `json:"seed" jsonschema:"of the order of the conversations"`
}

func defaults() Settings {
	return Settings{Gates: stage.Open, Loss: "assistant", Pack: Pack{Length: 1024, TooLong: "drop", Window: 65536}}
}

// Check holds the rules over several settings.
func (s Settings) Check(fault func(field, want string)) {
	if _, err := time.Parse(time.DateOnly, s.Date); s.Date != "" && err != nil {
		fault("date", "a day such as 2025-03-09")
	}
	for i, split := range s.Held {
		switch {
		case len(s.Splits) == 0 || contains(s.Splits, split):
			fault(fmt.Sprintf("held[%d]", i), fmt.Sprintf("a split that is not trained on: %q is", split))
		case s.Exam != nil && contains(s.Exam.New, split):
			fault(fmt.Sprintf("held[%d]", i), fmt.Sprintf("a split that exam.new does not ask about: the weights would be chosen by the exam's rows (%q)", split))
		}
	}
	if c, ok := s.Shape.Value.(comparing); ok && c.compares() && s.Loss == "all" {
		fault("loss", "assistant: of preferences the answers alone are compared")
	}
	if s.Exam == nil {
		return
	}
	if _, ok := s.Shape.Value.(Examiner); !ok && s.Shape.Value != nil {
		fault("exam", fmt.Sprintf("a shape that can ask questions (questions): %s cannot", s.Shape.Name))
	}
	for i, split := range s.Exam.New {
		if len(s.Splits) == 0 || contains(s.Splits, split) {
			fault(fmt.Sprintf("exam.new[%d]", i), fmt.Sprintf("a split that is not trained on: %q is", split))
		}
	}
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}
