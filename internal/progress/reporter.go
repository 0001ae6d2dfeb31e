package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// Reporter speaks for one stage. Its methods may be called from any goroutine; a nil Reporter is silent.
type Reporter struct {
	stage  string
	out    io.Writer
	live   bool // out is a terminal: one line that is redrawn
	every  time.Duration
	events *os.File

	mu       sync.Mutex
	drawn    bool      // a live line stands on the terminal
	replayed time.Time // of the last event shown for another process
}

// New speaks on out (usually stderr) and appends to the file events ("" = nowhere).
func New(stage string, out io.Writer, events string) (*Reporter, error) {
	r := &Reporter{stage: stage, out: out, every: 5 * time.Second}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		r.live, r.every = true, 100*time.Millisecond
	}
	if events != "" {
		f, err := os.OpenFile(events, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, fmt.Errorf("open events: %w", err)
		}
		r.events = f
	}
	return r, nil
}

// Say prints one line for people.
func (r *Reporter) Say(format string, args ...any) {
	if r == nil {
		return
	}
	r.Emit(Event{Kind: "say", Text: fmt.Sprintf(format, args...)})
}

// Emit writes an event to the run's folder and shows it. Events are a courtesy: a full disk must not end a stage here.
func (r *Reporter) Emit(e Event) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Stage = r.stage
	r.record(e)
	switch e.Kind {
	case "say":
		r.say(r.stage, e.Text)
	case "progress":
		r.show(e)
	}
}

func (r *Reporter) say(stage, text string) {
	r.clear()
	fmt.Fprintf(r.out, "%-7s %s\n", stage, text)
}

func (r *Reporter) record(e Event) {
	if r.events == nil {
		return
	}
	e.Time = time.Now().UTC()
	if raw, err := json.Marshal(e); err == nil {
		r.events.Write(append(raw, '\n'))
	}
}

func (r *Reporter) show(e Event) {
	if !r.live {
		fmt.Fprintln(r.out, e.Line())
		return
	}
	r.clear()
	fmt.Fprint(r.out, e.Line())
	r.drawn = true
}

func (r *Reporter) clear() {
	if r.drawn {
		fmt.Fprint(r.out, "\r\x1b[2K")
		r.drawn = false
	}
}

// Close ends the live line and the events file.
func (r *Reporter) Close() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clear()
	if r.events != nil {
		r.events.Close()
	}
}
