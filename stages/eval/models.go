package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"fettle/internal/artifact"
	"fettle/internal/backend"
	"fettle/internal/generate"
	"fettle/internal/modeldir"
	"fettle/internal/quant"
	"fettle/internal/stage"
	"fettle/schemas"
	"fettle/stages/eval/report"
	"fettle/stages/eval/verdict"
)

// models is the base model and what was trained from it, ready to answer.
type models struct {
	note    modeldir.Note
	speaker speaker
	room    int // tokens of the model's context
	base    answerer
	tuned   map[int64]answerer // by seed
	seeds   []int64
	losses  []report.Curve
	backend backend.Backend

	generators []*generate.Generator
}

func (m *models) close() {
	for _, g := range m.generators {
		g.Close()
	}
	m.backend.Finalize()
}

// training is what the train stage says of itself in its manifest.
type training struct {
	Mode  string       `json:"mode"`
	Seeds []int64      `json:"seeds"`
	Quant quant.Recipe `json:"quant"` // of the base that the adapters were trained on
}

// trained reads the notes of the train artifact; none is needed where no tuned system answers.
func trained(j *stage.Job[Settings]) (training, error) {
	t := training{Quant: quant.Plain()}
	wanted := false
	for _, s := range j.Settings.Systems {
		wanted = wanted || verdict.IsTuned(s)
	}
	if !wanted {
		return t, nil
	}
	a := j.In["train"]
	if a == nil {
		return t, errors.New("tuned systems are to answer, and the pipeline has trained none: run train first")
	}
	raw, err := json.Marshal(a.Manifest.Notes)
	if err == nil {
		err = json.Unmarshal(raw, &t)
	}
	if err != nil || len(t.Seeds) == 0 {
		return t, fmt.Errorf("%s does not say which seeds it trained: run train again", a.Ref)
	}
	return t, nil
}

// curvePoints is how many points of a loss curve are drawn; each is the mean of the steps it stands for.
const curvePoints = 240

// losses reads the loss history of the train artifact, one curve a seed.
func losses(train *artifact.Artifact) ([]report.Curve, error) {
	if train == nil {
		return nil, nil
	}
	raw, err := os.ReadFile(train.Path("history.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read loss history: %w", err)
	}
	var curves []report.Curve
	for lines := json.NewDecoder(bytes.NewReader(raw)); ; {
		var step schemas.Step
		if err := lines.Decode(&step); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read loss history: %w", err)
		}
		if n := len(curves); n == 0 || curves[n-1].Seed != step.Seed {
			curves = append(curves, report.Curve{Seed: step.Seed})
		}
		c := &curves[len(curves)-1]
		c.Steps, c.Loss = append(c.Steps, step.Step), append(c.Loss, step.Loss)
		if step.EvalLoss != nil {
			c.HeldSteps, c.Held = append(c.HeldSteps, step.Step), append(c.Held, *step.EvalLoss)
		}
		if p := step.Preference; p != nil {
			c.Judged = true
			if p.Accuracy != nil {
				c.Right = append(c.Right, *p.Accuracy)
			}
		}
	}
	for i := range curves {
		curves[i] = thin(curves[i])
	}
	return curves, nil
}

func thin(c report.Curve) report.Curve {
	window := (len(c.Loss) + curvePoints - 1) / curvePoints
	if window < 2 {
		return c
	}
	out := report.Curve{Seed: c.Seed, Judged: c.Judged, Loss: means(c.Loss, window), Right: means(c.Right, window), HeldSteps: c.HeldSteps, Held: c.Held}
	for i := 0; i < len(c.Steps); i += window {
		out.Steps = append(out.Steps, c.Steps[min(i+window, len(c.Steps))-1])
	}
	return out
}

// means are those of so many values at a time.
func means(values []float64, window int) (out []float64) {
	for i := 0; i < len(values); i += window {
		part := values[i:min(i+window, len(values))]
		sum := 0.0
		for _, v := range part {
			sum += v
		}
		out = append(out, sum/float64(len(part)))
	}
	return out
}
