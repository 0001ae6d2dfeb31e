package hub

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// retry tries until it works, the fault will not pass, or Attempts tries in a row brought nothing new. try reports whether it
// got anywhere.
func (c *client) retry(ctx context.Context, what string, try func(ctx context.Context) (got bool, err error)) error {
	for failed := 1; ; failed++ {
		got, err := try(ctx)
		var p passing
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !errors.As(err, &p):
			return err
		case p.after > c.patience.Longest:
			return fmt.Errorf("%w; it asks to wait %s: start again then, what is there stays", err, p.after.Round(time.Second))
		}
		if got {
			failed = 1
		}
		if failed >= c.patience.Attempts {
			return fmt.Errorf("%w; given up after %d tries: start again, what is there stays", err, failed)
		}
		pause := c.pause(failed, p.after)
		c.say("%s: %v; again in %s", what, err, pause.Round(100*time.Millisecond))
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

var errStalled = errors.New("stalled")

// watched lets go of a try that shows no sign of life for Stall.
func (c *client) watched(ctx context.Context, try func(ctx context.Context, alive func()) error) error {
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	watch := time.AfterFunc(c.patience.Stall, func() { stop(errStalled) })
	defer watch.Stop()
	err := try(inner, func() { watch.Reset(c.patience.Stall) })
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(inner), errStalled) {
		return passing{err: fmt.Errorf("nothing came for %s", c.patience.Stall)}
	}
	return err
}

// pause doubles from Base to a minute, spread by half so that many clients do not come back at once; a server that names a time
// gets it.
func (c *client) pause(failed int, asked time.Duration) time.Duration {
	if asked > 0 {
		return asked
	}
	d := min(c.patience.Base<<(failed-1), time.Minute)
	return d/2 + time.Duration(rand.Int64N(int64(d)/2+1))
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(value); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
