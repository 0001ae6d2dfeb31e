package progress

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"time"
)

// Follow shows the events that others append to a file, until ctx is cancelled and all that was written is shown.
func Follow(ctx context.Context, path string, view *Reporter) {
	var f *os.File
	for f == nil {
		var err error
		if f, err = os.Open(path); err != nil {
			f = nil
			if !wait(ctx) {
				return
			}
		}
	}
	defer f.Close()
	r := bufio.NewReader(f)
	var line []byte
	for last := false; ; {
		part, err := r.ReadBytes('\n')
		line = append(line, part...)
		if err == nil {
			view.replay(line)
			line = line[:0]
			continue
		}
		if err != io.EOF || last {
			return
		}
		last = !wait(ctx) // once more behind the end: the writer may have ended just now
	}
}

func wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(100 * time.Millisecond):
		return true
	}
}

// replay shows an event of another process. Away from a terminal only every so often, as the other process would.
func (r *Reporter) replay(line []byte) {
	var e Event
	if json.Unmarshal(line, &e) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Kind {
	case "say":
		r.say(e.Stage, e.Text)
	case "cached":
		r.say(e.Stage, "cached: "+e.Text)
	case "failed":
		r.say(e.Stage, "failed: "+e.Text)
	case "progress":
		if r.live || e.Time.Sub(r.replayed) >= r.every || e.Total > 0 && e.Done == e.Total {
			r.replayed = e.Time
			r.show(e)
		}
	}
}
