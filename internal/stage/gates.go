package stage

import "fmt"

// Gates are limits that a stage's settings may embed. They judge the report, cached or new, and change no output: exit 3.
type Gates struct {
	MaxDropped  float64 `json:"max_dropped" key:"-" check:"min=0,max=1" jsonschema:"largest share of the input rows that may be dropped before the stage exits with 3"`
	MaxRejected float64 `json:"max_rejected" key:"-" check:"min=0,max=1" jsonschema:"largest share of the inputs that may fail to become rows before the stage exits with 3"`
}

// Open lets everything pass: the default.
var Open = Gates{MaxDropped: 1, MaxRejected: 1}

// Gate returns why the report does not pass, "" if it does.
func (g Gates) Gate(r Report) string {
	if r.Rows.In == 0 {
		return ""
	}
	if share := float64(r.Rows.Dropped) / float64(r.Rows.In); share > g.MaxDropped {
		return fmt.Sprintf("%d of %d rows dropped (%.1f %%), max_dropped allows %.1f %%: see `fettle show %s dropped`", r.Rows.Dropped, r.Rows.In, 100*share, 100*g.MaxDropped, r.Artifact)
	}
	if share := float64(r.Rows.Rejected) / float64(r.Rows.In); share > g.MaxRejected {
		return fmt.Sprintf("%d of %d inputs rejected (%.1f %%), max_rejected allows %.1f %%: see `fettle show %s rejects`", r.Rows.Rejected, r.Rows.In, 100*share, 100*g.MaxRejected, r.Artifact)
	}
	return ""
}

// gater is a settings struct with gates (by embedding Gates, or its own).
type gater interface{ Gate(Report) string }
