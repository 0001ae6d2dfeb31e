package stage

import "fettle/internal/artifact"

// Report is what a stage prints on stdout, as one JSON object on one line.
type Report struct {
	Stage     string                      `json:"stage"`
	Artifact  artifact.Ref                `json:"artifact"`
	Path      string                      `json:"path"`
	Key       string                      `json:"key"`
	Cached    bool                        `json:"cached"`
	Rows      Rows                        `json:"rows"`
	DroppedBy map[string]map[string]int64 `json:"dropped_by"` // operator -> reason -> rows
	Seconds   float64                     `json:"seconds"`    // of the run that computed it
	Figures   map[string]any              `json:"figures"`
}

// Rows accounts for the input: In = Kept + Dropped + Rejected. Out counts rows written, whatever the fan-out.
type Rows struct {
	In       int64 `json:"in"`
	Kept     int64 `json:"kept"`
	Dropped  int64 `json:"dropped"`
	Rejected int64 `json:"rejected"`
	Out      int64 `json:"out"`
}
