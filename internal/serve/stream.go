package serve

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// usage counts a request's tokens.
type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

func count(prompt int, choices []*choice) usage {
	u := usage{Prompt: prompt}
	for _, c := range choices {
		u.Completion += c.tokens
	}
	u.Total = u.Prompt + u.Completion
	return u
}

func writeJSON(w http.ResponseWriter, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(raw)
	return err
}

// events writes server-sent events. The head goes out with the first of them: what fails before still has a status.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	mu      sync.Mutex
	begun   bool
}

func newEvents(w http.ResponseWriter) *events {
	return &events{w: w, control: http.NewResponseController(w)}
}

// send writes one event; a client that takes nothing for a while is given up.
func (e *events) send(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return e.data(raw)
}

func (e *events) data(raw []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.begun {
		e.begun = true
		h := e.w.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no")
	}
	_ = e.control.SetWriteDeadline(time.Now().Add(writeTime)) // not every writer knows deadlines
	if _, err := e.w.Write([]byte("data: " + string(raw) + "\n\n")); err != nil {
		return err
	}
	return e.control.Flush()
}

// stream follows all choices at once. After the first event a failure is an event too.
func (e *events) stream(choices []*choice, emit func(c *choice, p piece) error, last func() any) error {
	errs := make(chan error, len(choices))
	for _, c := range choices {
		go func() { errs <- c.follow(func(p piece) error { return emit(c, p) }) }()
	}
	var first error
	for range choices {
		if err := <-errs; err != nil && first == nil {
			first = err
			for _, c := range choices {
				c.job.cancel()
			}
		}
	}
	if first != nil {
		if e.begun {
			_ = e.data(faultOf(first).body()) // the client may be gone: then nobody misses it
		}
		return first
	}
	if v := last(); v != nil {
		if err := e.send(v); err != nil {
			return err
		}
	}
	return e.data([]byte("[DONE]"))
}
