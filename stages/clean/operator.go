package clean

import (
	"context"
	"iter"

	"fettle/internal/config"
)

// Operator is a cleaning step; it also implements one of Judge, Preparer and Passer.
type Operator interface {
	// Reasons are all reasons that it drops a row with; none for an operator that only repairs.
	Reasons() []string
}

// Judge keeps, repairs or drops one row, looking at that row alone. Apply is called by several goroutines at once.
type Judge interface {
	Apply(*Document) Verdict
}

// Preparer makes its Judge once per run: from files, from patterns.
type Preparer interface {
	Prepare(Env) (Judge, error)
}

// Passer judges a row by others. Rows that were dropped before must pass through untouched, and it must yield in an order
// that depends on the rows alone.
type Passer interface {
	Pass(Env, Stream) Stream
}

// Stream are rows on their way; an error is the last thing that it yields.
type Stream = iter.Seq2[*Document, error]

// Env is what an operator may use beside its settings.
type Env struct {
	Context context.Context             // of this run; operators keep it no longer
	Workers int                         // goroutines; changes no byte of the output
	Path    func(setting string) string // resolves a path setting
	Scratch string                      // folder for temporary files, to be made when needed
	Name    string                      // the operator's name in the settings
}

// Verdict is what an operator says about a row; the zero value keeps it.
type Verdict struct {
	Reason  string // snake_case; "" = keep
	Numbers map[string]any
}

// Keep lets the row live.
var Keep = Verdict{}

// Drop removes the row. Pairs are what was measured and the limits, name by value: Drop("too_short", "runes", 3, "min", 20).
func Drop(reason string, pairs ...any) Verdict {
	v := Verdict{Reason: reason, Numbers: make(map[string]any, len(pairs)/2)}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Numbers[pairs[i].(string)] = pairs[i+1]
	}
	return v
}

func register(name string, defaults Operator) { config.Register[Operator](name, defaults) }
