package clean

import (
	"fmt"
	"path/filepath"

	"fettle/internal/config"
)

// step is an operator that judges row by row, ready to work.
type step struct {
	name  string
	judge Judge
}

// chain sends the stream through the operators. Judges that follow each other share one pass.
func chain(env Env, operators []config.Choice[Operator], in Stream) (Stream, error) {
	var steps []step
	scratch := env.Scratch
	for i, c := range operators {
		env.Name = c.Name
		env.Scratch = filepath.Join(scratch, fmt.Sprintf("%d-%s", i, c.Name)) // an operator may stand there twice
		switch op := c.Value.(type) {
		case Judge:
			steps = append(steps, step{c.Name, op})
		case Preparer:
			j, err := op.Prepare(env)
			if err != nil {
				return nil, fmt.Errorf("operator %s: %w", c.Name, err)
			}
			steps = append(steps, step{c.Name, j})
		case Passer:
			in = op.Pass(env, apply(env, steps, in))
			steps = nil
		default:
			panic(fmt.Sprintf("clean: operator %s judges nothing", c.Name))
		}
	}
	return apply(env, steps, in), nil
}

func apply(env Env, steps []step, in Stream) Stream {
	if len(steps) == 0 {
		return in
	}
	return parallel(env.Workers, in, func(d *Document) {
		for _, s := range steps {
			d.judge(s.name, s.judge.Apply)
		}
	})
}
