package config_test

import (
	"testing"
	"time"

	"fettle/internal/config"
)

// operator and its registered kinds stand for a stage's.
type operator interface{ Name() string }

type length struct {
	Min int `json:"min" check:"min=0" jsonschema:"shortest text kept, in runes"`
	Max int `json:"max" check:"min=0" jsonschema:"longest text kept (0 = any)"`
}

func (*length) Name() string { return "length" }

func (l *length) Check(fault func(field, want string)) {
	if l.Max > 0 && l.Max < l.Min {
		fault("max", "at least min")
	}
}

type dedupe struct {
	Column string `json:"column" check:"required" jsonschema:"column compared"`
	Stop   string `json:"stop" path:"file" jsonschema:"words left out"`
}

func (*dedupe) Name() string { return "dedupe" }

type any3 struct {
	Of []config.Choice[operator] `json:"of" check:"minlen=1" jsonschema:"operators, one of which must keep the row"`
}

func (*any3) Name() string { return "any" }

func init() {
	config.Register[operator]("length", &length{Min: 20})
	config.Register[operator]("dedupe", &dedupe{})
	config.Register[operator]("any", &any3{Of: []config.Choice[operator]{}})
}

type gates struct {
	MaxDropped float64 `json:"max_dropped" check:"min=0,max=1" jsonschema:"largest share of rows dropped"`
}

func (g gates) Check(fault func(field, want string)) {
	if g.MaxDropped == 0.5 {
		fault("max_dropped", "anything but a half")
	}
}

type optimizer struct {
	Name  string    `json:"name" check:"oneof=adamw|sgd" jsonschema:"update rule"`
	LR    float64   `json:"lr" check:"above=0,max=1" jsonschema:"learning rate"`
	Betas []float64 `json:"betas" check:"min=0,below=1,minlen=2,maxlen=2" jsonschema:"decay of the moments"`
}

type exam struct {
	Seed  int64    `json:"seed" jsonschema:"of the draw"`
	Items uint16   `json:"items" check:"min=1" jsonschema:"questions asked"`
	Langs []string `json:"langs" check:"oneof=en|zh|de" jsonschema:"languages"`
}

type settings struct {
	gates
	Model     string                    `json:"model" path:"dir" check:"required" jsonschema:"model directory"`
	Revision  string                    `json:"revision" jsonschema:"commit"`
	Packed    bool                      `json:"packed" jsonschema:"several rows a block"`
	Steps     int                       `json:"steps" check:"min=1" jsonschema:"updates"`
	Optimizer optimizer                 `json:"optimizer" jsonschema:"how weights move"`
	Exam      *exam                     `json:"exam" jsonschema:"questions, none by default"`
	Operators []config.Choice[operator] `json:"operators" jsonschema:"applied in this order"`
	Weights   map[string]float32        `json:"weights" check:"above=0" jsonschema:"of each source"`
	MaxTime   time.Duration             `json:"max_time" key:"-" check:"min=1s" jsonschema:"checkpoint and stop after"`
	Memory    config.Size               `json:"memory" key:"-" check:"max=1TiB" jsonschema:"held at most"`
	Template  map[string]any            `json:"template" jsonschema:"given to the template"`
}

func defaults() settings {
	return settings{
		Steps: 100, MaxTime: time.Hour, Memory: 64 << 20,
		Optimizer: optimizer{Name: "adamw", LR: 2e-4, Betas: []float64{0.9, 0.999}},
	}
}

// read decodes the section train of a text.
func read(text string) (settings, error) {
	s := defaults()
	f, err := config.Parse("stages.yaml", []byte(text))
	if err == nil {
		err = f.Decode("train", &s)
	}
	return s, err
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
