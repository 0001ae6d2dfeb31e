package hub

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
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

// spent is a window with nothing left, and the seconds until the next one: "api";r=0;t=55 (draft-ietf-httpapi-ratelimit-headers;
// Hugging Face says it in place of Retry-After).
var spent = regexp.MustCompile(`;\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d+)`)

// asked is how long a server wants to be left alone; 0 = it does not say.
func asked(h http.Header, now time.Time) time.Duration {
	wait := retryAfter(h.Get("Retry-After"), now)
	if window := spent.FindStringSubmatch(h.Get("RateLimit")); window != nil {
		wait = max(wait, seconds(window[1])+time.Second) // what is left is rounded
	}
	return wait
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return seconds(value)
}

// seconds of a number; more than a clock holds is very long.
func seconds(value string) time.Duration {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return time.Duration(min(max(n, 0), 1<<31)) * time.Second
}
