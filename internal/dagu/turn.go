package dagu

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// turn waits until no other start is under way in this project; done gives the turn on. Dagu 1.30 removes and binds one socket
// for each DAG file when it starts: of two starts at the same moment one fails before its first step.
func (p *Program) turn(ctx context.Context) (done func(), err error) {
	f, err := os.OpenFile(filepath.Join(Home(p.root), "start.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			break
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	f.Close()
	return nil, err
}

// untilBegun returns when a step of the run has begun (Dagu has its socket by then), or the run has ended.
func (p *Program) untilBegun(run Run, ended <-chan struct{}) {
	for limit := time.After(10 * time.Second); ; {
		if s, err := p.Status(run.DAG, run.ID); err == nil {
			for _, step := range s.Steps {
				if step.State != NotStarted {
					return
				}
			}
		}
		select {
		case <-ended:
			return
		case <-limit:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}
