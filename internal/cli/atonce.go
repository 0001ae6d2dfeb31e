package cli

import "context"

// atOnce is a verb that has nothing to save: the first signal ends it, wherever it reads or computes.
func (a *App) atOnce(v verb) verb {
	run := v.run
	v.run = func(ctx context.Context, args []string) int {
		code, err := await(ctx, func() (int, error) { return run(ctx, args), nil })
		if err != nil {
			return a.fail(v.name, err)
		}
		return code
	}
	return v
}

// await is what work comes to, or why ctx ended before. Work that waits for a terminal hears no signal: it is left behind.
func await[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := work()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
