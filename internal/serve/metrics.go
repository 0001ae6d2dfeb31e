package serve

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// buckets of the duration histogram, in seconds.
var buckets = []float64{0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100}

// metrics counts since the start.
type metrics struct {
	mu                 sync.Mutex
	requests           map[endpointStatus]int
	prompt, completion int
	seconds            float64
	durations          []int // by bucket, the last has no bound
}

type endpointStatus struct {
	endpoint string
	status   int
}

func newMetrics() *metrics {
	return &metrics{requests: map[endpointStatus]int{}, durations: make([]int, len(buckets)+1)}
}

func (m *metrics) request(endpoint string, status int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[endpointStatus{endpoint, status}]++
	if endpoint == "chat" || endpoint == "completions" {
		i, _ := slices.BinarySearch(buckets, took.Seconds())
		m.durations[i]++
		m.seconds += took.Seconds()
	}
}

func (m *metrics) tokens(u usage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.prompt += u.Prompt
	m.completion += u.Completion
}

// text writes the metrics as Prometheus reads them.
func (m *metrics) text(active, queued int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	put := func(name, kind, help string, value any) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n%s %v\n", name, help, name, kind, name, value)
	}
	put("fettle_rows_running", "gauge", "Answers being computed.", active)
	put("fettle_rows_waiting", "gauge", "Answers in the queue.", queued)
	put("fettle_prompt_tokens_total", "counter", "Tokens of answered prompts.", m.prompt)
	put("fettle_completion_tokens_total", "counter", "Tokens generated for complete answers.", m.completion)
	b.WriteString("# HELP fettle_requests_total Requests by endpoint and status; 499 = the client went away.\n# TYPE fettle_requests_total counter\n")
	keys := slices.SortedFunc(maps.Keys(m.requests), func(a, b endpointStatus) int {
		return cmp.Or(cmp.Compare(a.endpoint, b.endpoint), a.status-b.status)
	})
	for _, k := range keys {
		fmt.Fprintf(&b, "fettle_requests_total{endpoint=%q,status=\"%d\"} %d\n", k.endpoint, k.status, m.requests[k])
	}
	const name = "fettle_request_seconds"
	fmt.Fprintf(&b, "# HELP %s Time to complete a chat or completion request.\n# TYPE %s histogram\n", name, name)
	n := 0
	for i, bound := range buckets {
		n += m.durations[i]
		fmt.Fprintf(&b, "%s_bucket{le=\"%v\"} %d\n", name, bound, n)
	}
	n += m.durations[len(buckets)]
	fmt.Fprintf(&b, "%s_bucket{le=\"+Inf\"} %d\n%s_sum %v\n%s_count %d\n", name, n, name, m.seconds, name, n)
	return b.String()
}

func (s *Server) showMetrics(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, err := w.Write([]byte(s.metrics.text(s.scheduler.load())))
	return err
}
