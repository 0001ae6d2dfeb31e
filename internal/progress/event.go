package progress

import (
	"fmt"
	"strings"
	"time"
)

// Event is one line of a run's events.jsonl.
type Event struct {
	Time  time.Time `json:"time"`
	Stage string    `json:"stage"`
	Kind  string    `json:"kind"` // start, progress, say, done, cached, failed
	Label string    `json:"label,omitempty"`
	Done  int64     `json:"done,omitempty"`
	Total int64     `json:"total,omitempty"` // 0 = unknown
	Unit  string    `json:"unit,omitempty"`
	Rate  float64   `json:"rate,omitempty"` // units per second
	Left  float64   `json:"left,omitempty"` // seconds
	Text  string    `json:"text,omitempty"`
}

// Line renders a progress event for a terminal: what, a bar, how much, how fast, how long yet.
func (e Event) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-7s %-9s ", e.Stage, e.Label)
	if e.Total > 0 {
		e.Done = min(e.Done, e.Total)
		fmt.Fprintf(&b, "%s %3.0f%% ", bar(float64(e.Done)/float64(e.Total), 20), 100*float64(e.Done)/float64(e.Total))
	}
	fmt.Fprintf(&b, "%s %s", Count(e.Done), e.Unit)
	if e.Rate > 0 {
		fmt.Fprintf(&b, " · %s/s", Count(int64(e.Rate+.5)))
	}
	if e.Text != "" {
		fmt.Fprintf(&b, " · %s", e.Text)
	}
	if e.Left > 0 {
		fmt.Fprintf(&b, " · %s left", Duration(e.Left))
	}
	return b.String()
}

var eighths = []rune(" ▏▎▍▌▋▊▉█")

func bar(share float64, width int) string {
	share = min(max(share, 0), 1)
	cells := make([]rune, width)
	full := share * float64(width)
	for i := range cells {
		cells[i] = eighths[int(min(max(full-float64(i), 0), 1)*8)]
	}
	return "▕" + string(cells) + "▏"
}

// Count writes a number with thousands separated: 12,345.
func Count(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Duration writes seconds as 0:07, 12:03 or 1:02:03.
func Duration(seconds float64) string {
	s := int64(seconds + .5)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
