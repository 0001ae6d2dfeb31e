package serve

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Times that a client may take; answers themselves have no limit but their tokens.
const (
	headTime  = 10 * time.Second
	bodyTime  = 30 * time.Second
	writeTime = 30 * time.Second
	idleTime  = 2 * time.Minute
)

// Config says what to serve and within which limits.
type Config struct {
	Models    *Models
	Slots     int   // rows computed at once
	Queue     int   // rows that may wait
	MaxTokens int   // new tokens an answer gets at most
	MaxBody   int64 // bytes of a request
	Key       string
	Origins   []string      // pages elsewhere that may ask, "*" = all
	Grace     time.Duration // what a shutdown waits for answers under way
	Log       func(format string, args ...any)
}

// Server answers requests. Run must be under way for any to be answered.
type Server struct {
	config    Config
	scheduler *scheduler
	metrics   *metrics
	turnEnds  []int32 // tokens that end an answer in a chat
	draining  atomic.Bool
	now       func() int64
}

// New makes a server.
func New(c Config) (*Server, error) {
	if c.Slots < 1 || c.Queue < 0 || c.MaxTokens < 1 || c.MaxBody < 1 {
		return nil, fmt.Errorf("serve: want slots, max tokens and max body of 1 or more and a queue of 0 or more: %d, %d, %d, %d", c.Slots, c.MaxTokens, c.MaxBody, c.Queue)
	}
	if c.Log == nil {
		c.Log = func(string, ...any) {}
	}
	s := &Server{config: c, metrics: newMetrics(), now: func() int64 { return time.Now().Unix() }}
	s.scheduler = newScheduler(c.Slots, c.Queue, c.Log)
	s.turnEnds = c.Models.TurnEnds()
	return s, nil
}

// Run computes until ctx is done.
func (s *Server) Run(ctx context.Context) { s.scheduler.run(ctx) }

// Serve answers on a listener until ctx is done; then it takes no new requests, waits for those under way, and returns.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan struct{})
	go func() { s.Run(work); close(done) }()
	h := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: headTime, IdleTimeout: idleTime, MaxHeaderBytes: 1 << 16}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	active, queued := s.scheduler.load()
	s.config.Log("shutting down: %d answers under way, %d waiting, at most %v", active, queued, s.config.Grace)
	grace, cancel := context.WithTimeout(work, s.config.Grace)
	defer cancel()
	err := h.Shutdown(grace)
	stop() // what is left after the grace ends with an error
	<-done
	if errors.Is(err, context.DeadlineExceeded) {
		err = h.Close()
	}
	return err
}

//go:embed page.html
var page []byte

// Handler routes requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /v1/chat/completions", s.endpoint("chat", s.chat))
	mux.Handle("POST /v1/completions", s.endpoint("completions", s.completions))
	mux.Handle("GET /v1/models", s.endpoint("models", s.models))
	mux.Handle("GET /v1/models/{name...}", s.endpoint("models", s.model))
	mux.Handle("GET /metrics", s.endpoint("metrics", s.showMetrics))
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'")
		w.Write(page)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		invalid("", "there is no %s %s here", r.Method, r.URL.Path).with(http.StatusNotFound, "not_found").write(w)
	})
	return s.guard(mux)
}

// endpoint checks the key, answers faults in the API's shape, counts and logs.
func (s *Server) endpoint(name string, answer func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rec := &recorder{ResponseWriter: w}
		err := s.authorize(r)
		if err == nil {
			err = answer(rec, r)
		}
		status := rec.status
		switch {
		case err == nil:
			status = max(status, http.StatusOK)
		case r.Context().Err() != nil:
			status = statusGone
		default:
			f := faultOf(err)
			if status = f.Status; rec.status == 0 {
				f.write(rec)
			}
			if f.Status == http.StatusInternalServerError {
				s.config.Log("error: %s: %v", r.URL.EscapedPath(), err)
			}
		}
		s.metrics.request(name, status, time.Since(began))
		if name != "metrics" {
			s.config.Log("%s %s %d %.3fs", r.Method, r.URL.EscapedPath(), status, time.Since(began).Seconds())
		}
	})
}

// statusGone is what nginx logs for clients that went away before their answer was complete.
const statusGone = 499

// recorder remembers the status.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find flushing and deadlines.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// submit queues the answers of one request.
func (s *Server) submit(choices []*choice) error {
	if n := s.config.Slots + s.config.Queue; len(choices) > n {
		return invalid("n", "%d answers at once: this server takes at most %d", len(choices), n)
	}
	jobs := make([]*job, len(choices))
	for i, c := range choices {
		jobs[i] = c.job
	}
	return s.scheduler.submit(jobs...)
}

type modelInfo struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
	Context int    `json:"max_model_len"`
	Parent  string `json:"parent,omitempty"`
}

func (s *Server) info(e *engine) modelInfo {
	base := s.config.Models.engines[0]
	m := modelInfo{ID: e.name, Object: "model", OwnedBy: "fettle", Context: s.config.Models.Context}
	if e != base {
		m.Parent = base.name
	}
	return m
}

func (s *Server) models(w http.ResponseWriter, _ *http.Request) error {
	list := []modelInfo{}
	for _, e := range s.config.Models.engines {
		list = append(list, s.info(e))
	}
	return writeJSON(w, map[string]any{"object": "list", "data": list})
}

func (s *Server) model(w http.ResponseWriter, r *http.Request) error {
	e, f := s.engine(r.PathValue("name"))
	if f != nil {
		return f
	}
	return writeJSON(w, s.info(e))
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	status, text := http.StatusOK, "ok\n"
	if s.draining.Load() {
		status, text = http.StatusServiceUnavailable, "shutting down\n"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprint(w, text)
}
