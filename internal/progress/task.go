package progress

import (
	"sync"
	"time"
)

// Task is something counted: rows read, steps trained, questions answered.
type Task struct {
	r     *Reporter
	label string
	unit  string
	total int64

	mu        sync.Mutex
	done      int64
	counted   int64 // what this process did, for the rate: a resumed task starts with done > 0
	text      string
	shown     int64 // the count last shown
	start     time.Time
	lastShown time.Time
	lastEvent time.Time
}

// Task starts counting; total 0 = unknown.
func (r *Reporter) Task(label string, total int64, unit string) *Task {
	now := time.Now()
	return &Task{r: r, label: label, unit: unit, total: total, start: now, lastShown: now}
}

// Resume says that n units were done before this process started.
func (t *Task) Resume(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done = n
}

// Add counts n units.
func (t *Task) Add(n int64) { t.AddText(n, "") }

// AddText counts n units and replaces the text shown behind them ("" keeps it).
func (t *Task) AddText(n int64, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += n
	t.counted += n
	if text != "" {
		t.text = text
	}
	if now := time.Now(); now.Sub(t.lastEvent) >= 200*time.Millisecond {
		t.emit(now, now.Sub(t.lastShown) >= t.every())
	}
}

// Done shows the final count.
func (t *Task) Done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shown == t.done && t.done > 0 {
		return // the last count stands there already
	}
	t.emit(time.Now(), true)
}

func (t *Task) every() time.Duration {
	if t.r == nil {
		return time.Hour
	}
	return t.r.every
}

func (t *Task) emit(now time.Time, show bool) {
	if t.r == nil {
		return
	}
	e := Event{Kind: "progress", Label: t.label, Done: t.done, Total: t.total, Unit: t.unit, Text: t.text}
	if secs := now.Sub(t.start).Seconds(); secs > 0 && t.counted > 0 {
		e.Rate = float64(t.counted) / secs
		if t.total > t.done {
			e.Left = float64(t.total-t.done) / e.Rate
		}
	}
	t.lastEvent = now
	if show {
		t.lastShown, t.shown = now, t.done
		t.r.Emit(e)
		return
	}
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	e.Stage = t.r.stage
	t.r.record(e)
}
