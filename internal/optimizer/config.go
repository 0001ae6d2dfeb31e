package optimizer

import "fmt"

// Config holds the settings of the update, with torch's defaults for AdamW.
type Config struct {
	Name        string  `json:"name" check:"oneof=adamw|adamw8bit|adafactor|lion|sgd" jsonschema:"adamw: torch's; adamw8bit: its state in 8 bits, as bitsandbytes; adafactor: transformers', state of rows and columns alone; lion: one moment; sgd: with momentum beta1"`
	LR          float64 `json:"lr" check:"min=0" jsonschema:"highest learning rate"`
	Beta1       float64 `json:"beta1" check:"min=0,max=1" jsonschema:"decay of the mean (sgd: its momentum; adafactor has none)"`
	Beta2       float64 `json:"beta2" check:"min=0,max=1" jsonschema:"decay of the mean square (lion: of the mean; its paper takes 0.99)"`
	Eps         float64 `json:"eps" check:"min=0" jsonschema:"added to the root of the mean square (adamw, adamw8bit)"`
	WeightDecay float64 `json:"weight_decay" check:"min=0" jsonschema:"decay of matrices, not of norms and biases"`
	Clip        float64 `json:"clip" check:"min=0" jsonschema:"largest global gradient norm (0 = any)"`
	Paged       bool    `json:"paged" key:"-" jsonschema:"keep the optimizer's state in the host's memory and bring it to the device layer by layer: same bytes, less device memory, slower"`
}

// Defaults are torch's, with a rate for adapters.
func Defaults() Config {
	return Config{Name: "adamw", LR: 2e-4, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Clip: 1}
}

// unread are settings that an optimizer does not read; they stay as they are by default.
var unread = map[string][]string{"adafactor": {"beta1", "beta2", "eps"}, "lion": {"eps"}, "sgd": {"beta2", "eps"}}

// Check refuses settings that the optimizer would not read.
func (c Config) Check(fault func(field, want string)) {
	usual := Defaults()
	changed := map[string]bool{"beta1": c.Beta1 != usual.Beta1, "beta2": c.Beta2 != usual.Beta2, "eps": c.Eps != usual.Eps}
	for _, field := range unread[c.Name] {
		if changed[field] {
			fault(field, fmt.Sprintf("left out: %s does not read it", c.Name))
		}
	}
}

// rule of the settings; no name is AdamW.
func (c Config) rule() rule {
	switch c.Name {
	case "adamw8bit":
		return adamw8bit{c}
	case "adafactor":
		return adafactor{}
	case "lion":
		return lion{c}
	case "sgd":
		return sgd{c}
	}
	return adamw{c}
}
