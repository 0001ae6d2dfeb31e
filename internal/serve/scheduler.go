package serve

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"fettle/internal/generate"
)

// Why a job was not taken.
var (
	errBusy    = errors.New("the server is busy: the queue is full")
	errStopped = errors.New("the server is shutting down")
)

// job is one row to generate or some rows to score.
type job struct {
	ctx    context.Context
	cancel context.CancelFunc
	engine *engine

	request generate.Request
	ends    []int32             // tokens that end the row
	out     chan generate.Token // has room for all of the row's tokens: the scheduler waits for no client
	count   int
	stopped bool // ended by an end token, set before out closes

	score  [][]int32 // rows to score instead
	scored [][]generate.Token

	queued, first time.Time // when it was queued, when its first token came
	err           error     // set before out closes
}

func (j *job) end(err error) {
	j.err = err
	close(j.out)
	j.cancel()
}

// reads is a job whose long prompt is being read.
type reads struct {
	*job
	session *generate.Session
	joining *generate.Joining
}

// running is a job that has a row.
type running struct {
	*job
	session *generate.Session
	row     *generate.Row
}

// scheduler runs jobs: at most `slots` rows at once, `limit` more may wait. It alone touches the generators.
type scheduler struct {
	slots, limit int
	log          func(format string, args ...any)

	mu      sync.Mutex
	queue   []*job
	active  int
	stopped bool
	wake    chan struct{} // has room for one: something is queued

	rows  []running // the loop's own, as is
	reads []reads   // prompts that are read in chunks, in the order they came
}

func newScheduler(slots, limit int, log func(string, ...any)) *scheduler {
	return &scheduler{slots: slots, limit: limit, log: log, wake: make(chan struct{}, 1)}
}

// submit queues all of the jobs or none.
func (s *scheduler) submit(jobs ...*job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return errStopped
	}
	s.queue = slices.DeleteFunc(s.queue, func(j *job) bool { // who went away makes room
		gone := j.ctx.Err() != nil
		if gone {
			j.end(context.Cause(j.ctx))
		}
		return gone
	})
	if s.active+len(s.queue)+len(jobs) > s.slots+s.limit {
		return errBusy
	}
	for _, j := range jobs {
		j.queued = time.Now()
	}
	s.queue = append(s.queue, jobs...)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// load is how many rows run and how many wait.
func (s *scheduler) load() (active, queued int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active, len(s.queue)
}

// run works until ctx is done, then ends what is left.
func (s *scheduler) run(ctx context.Context) {
	for ctx.Err() == nil {
		s.sweep()
		worked := s.admit(ctx)
		if len(s.rows)+len(s.reads) > 0 { // a chunk of one long prompt, then a token of every stream
			s.readOn()
			s.step()
			continue
		}
		if worked {
			continue
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	s.stopped = true
	queue := s.queue
	s.queue = nil
	s.mu.Unlock()
	for _, j := range queue {
		j.end(errStopped)
	}
	for len(s.rows) > 0 {
		s.leave(s.rows[0], errStopped)
	}
	for len(s.reads) > 0 {
		s.abandon(s.reads[0], errStopped)
	}
}

// sweep drops the rows whose clients went away.
func (s *scheduler) sweep() {
	for _, r := range slices.Clone(s.rows) {
		if r.ctx.Err() != nil {
			s.leave(r, context.Cause(r.ctx))
		}
	}
	for _, r := range slices.Clone(s.reads) {
		if r.ctx.Err() != nil {
			s.abandon(r, context.Cause(r.ctx))
		}
	}
}

// take removes the first job of the queue that may start: free rows are left, or it only scores.
func (s *scheduler) take(free int, scores bool) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil
	}
	j := s.queue[0]
	if j.score == nil && free == 0 || j.score != nil && !scores {
		return nil
	}
	s.queue = s.queue[1:]
	s.active++
	return j
}

func (s *scheduler) done() {
	s.mu.Lock()
	s.active--
	s.mu.Unlock()
}

// admit starts what waits, one scoring at a time so that streams go on. It reports whether there was anything.
func (s *scheduler) admit(ctx context.Context) (worked bool) {
	fresh := map[*engine][]*job{}
	var order []*engine
	for scores, free := true, s.slots-len(s.rows)-len(s.reads); ; worked = true {
		j := s.take(free, scores)
		switch {
		case j == nil:
			for _, e := range order {
				s.start(e, fresh[e])
			}
			return worked
		case j.ctx.Err() != nil:
			s.drop(j, context.Cause(j.ctx))
		case j.score != nil:
			s.drop(j, s.score(j))
			scores = false
		default:
			if fresh[j.engine] == nil {
				order = append(order, j.engine)
			}
			fresh[j.engine] = append(fresh[j.engine], j)
			free--
		}
	}
}

// score scores a job's rows batch by batch, a token of every stream between two.
func (s *scheduler) score(j *job) error {
	g := j.engine.generator
	j.scored = make([][]generate.Token, len(j.score))
	for _, batch := range g.Batches(j.score) {
		rows := make([][]int32, len(batch))
		for i, row := range batch {
			rows[i] = j.score[row]
		}
		scored, err := g.Score(j.ctx, rows, j.request.Top)
		if err != nil {
			return err
		}
		for i, row := range batch {
			j.scored[row] = scored[i]
		}
		s.sweep()
		s.step()
	}
	return nil
}

// start gives jobs their first tokens, as many at once as a session takes; long prompts are read chunk by chunk.
func (s *scheduler) start(e *engine, jobs []*job) {
	jobs = slices.DeleteFunc(jobs, func(j *job) bool {
		session := e.free(s.slots)
		if !session.Long(j.request) {
			return false
		}
		joining, err := session.Begin(j.request)
		if err != nil {
			s.drop(j, err)
		} else {
			s.reads = append(s.reads, reads{j, session, joining})
		}
		return true
	})
	for len(jobs) > 0 {
		session := e.free(s.slots)
		n := min(session.Free(), len(jobs))
		requests := make([]generate.Request, n)
		for i, j := range jobs[:n] {
			requests[i] = j.request
		}
		rows, err := session.Join(requests...)
		if err != nil {
			s.fail(session, err)
			for _, j := range jobs[:n] {
				s.drop(j, err)
			}
		}
		for i, row := range rows {
			s.begin(jobs[i], session, row)
		}
		jobs = jobs[n:]
	}
}

// begin delivers a row's first token.
func (s *scheduler) begin(j *job, session *generate.Session, row *generate.Row) {
	r := running{j, session, row}
	s.rows = append(s.rows, r)
	r.first = time.Now()
	s.deliver(r)
}

// readOn reads a chunk of the long prompt that came first.
func (s *scheduler) readOn() {
	if len(s.reads) == 0 {
		return
	}
	r := s.reads[0]
	row, err := r.joining.Advance()
	switch {
	case err != nil:
		s.abandon(r, err)
		s.fail(r.session, err)
	case row != nil:
		s.reads = s.reads[1:]
		s.begin(r.job, r.session, row)
	}
}

// abandon ends a job whose prompt is not read yet.
func (s *scheduler) abandon(r reads, err error) {
	s.reads = slices.DeleteFunc(s.reads, func(other reads) bool { return other.job == r.job })
	r.joining.Abandon()
	s.drop(r.job, err)
}

// drop ends a job that has no row.
func (s *scheduler) drop(j *job, err error) {
	s.done()
	j.end(err)
}

// free is a session that takes more rows.
func (e *engine) free(slots int) *generate.Session {
	for _, s := range e.sessions {
		if s.Free() > 0 {
			return s
		}
	}
	s := e.generator.Session(slots)
	e.sessions = append(e.sessions, s)
	return s
}

// step gives every row its next token.
func (s *scheduler) step() {
	var sessions []*generate.Session
	for _, r := range s.rows {
		if !slices.Contains(sessions, r.session) {
			sessions = append(sessions, r.session)
		}
	}
	for _, session := range sessions {
		if err := session.Step(); err != nil {
			s.fail(session, err)
			continue
		}
		for _, r := range slices.Clone(s.rows) {
			if r.session == session {
				s.deliver(r)
			}
		}
	}
}

// deliver hands a row's newest token out and ends the row where it is the last.
func (s *scheduler) deliver(r running) {
	r.out <- r.row.Last
	r.count++
	if r.stopped = slices.Contains(r.ends, r.row.Last.ID); r.stopped || r.count == r.request.MaxNew {
		s.leave(r, nil)
	}
}

// fail ends the rows of a session that broke.
func (s *scheduler) fail(session *generate.Session, err error) {
	s.log("error: %v", err)
	for _, r := range slices.Clone(s.rows) {
		if r.session == session {
			s.leave(r, err)
		}
	}
}

// leave ends a row; a session without rows gives its memory back.
func (s *scheduler) leave(r running, err error) {
	s.rows = slices.DeleteFunc(s.rows, func(other running) bool { return other.job == r.job })
	r.session.Leave(r.row)
	if r.session.Running() == 0 {
		r.session.Close()
	}
	s.done()
	r.end(err)
}
