package generate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"fettle/internal/lfs"
)

// SamplingOf is how a model directory's generation_config.json wants answers drawn, and whether it says so; without its word
// temperature 1 and no cut, as OpenAI's API.
func SamplingOf(dir string) (s Sampling, found bool, err error) {
	var c struct {
		DoSample          bool     `json:"do_sample"`
		Temperature       *float64 `json:"temperature"`
		TopK              *int     `json:"top_k"`
		TopP              *float64 `json:"top_p"`
		MinP              *float64 `json:"min_p"`
		RepetitionPenalty *float64 `json:"repetition_penalty"`
	}
	s = Sampling{Temperature: 1, RepetitionPenalty: 1}
	raw, err := lfs.ReadFile(filepath.Join(dir, "generation_config.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		return s, false, fmt.Errorf("read generation_config.json: %w", err)
	}
	if !c.DoSample {
		return s, false, nil
	}
	for _, v := range []struct{ to, from *float64 }{{&s.Temperature, c.Temperature}, {&s.TopP, c.TopP}, {&s.MinP, c.MinP}, {&s.RepetitionPenalty, c.RepetitionPenalty}} {
		if v.from != nil {
			*v.to = *v.from
		}
	}
	if c.TopK != nil {
		s.TopK = *c.TopK
	}
	return s, true, nil
}
