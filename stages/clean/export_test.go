package clean

import "fettle/internal/config"

// Chain sends a stream through one operator, as the stage does.
func Chain(env Env, op Operator, in Stream) Stream {
	out, err := chain(env, []config.Choice[Operator]{{Name: env.Name, Value: op}}, in)
	if err != nil {
		return func(yield func(*Document, error) bool) { yield(nil, err) }
	}
	return out
}
