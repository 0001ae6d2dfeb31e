package clean

import "sync"

const (
	chunkRows  = 256     // rows that go to a worker at once
	chunkBytes = 1 << 20 // or as many as this much text
)

// chunk is a run of rows in order; the last one of a broken stream ends with its error.
type chunk struct {
	docs  []*Document
	err   error
	panic any
	done  chan struct{}
}

// parallel calls work on every row by several goroutines and yields the rows in their order. At most 2 chunks a worker are
// in memory.
func parallel(workers int, in Stream, work func(*Document)) Stream {
	if workers <= 1 {
		return serial(in, work)
	}
	return func(yield func(*Document, error) bool) {
		todo, order, stop := make(chan *chunk, workers), make(chan *chunk, workers), make(chan struct{})
		var all sync.WaitGroup
		defer all.Wait()
		defer close(stop)
		all.Go(func() { deal(in, todo, order, stop) })
		for range workers {
			all.Go(func() {
				for c := range todo {
					c.run(work)
				}
			})
		}
		for c := range order {
			<-c.done
			if !c.yield(yield) {
				return
			}
		}
	}
}

func serial(in Stream, work func(*Document)) Stream {
	return func(yield func(*Document, error) bool) {
		for d, err := range in {
			if err == nil {
				work(d)
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

// deal cuts the stream into chunks and hands each to the workers and, in order, to the reader.
func deal(in Stream, todo, order chan<- *chunk, stop <-chan struct{}) {
	defer close(order)
	defer close(todo)
	c, size := &chunk{done: make(chan struct{})}, 0
	send := func() bool {
		sent := c
		c, size = &chunk{done: make(chan struct{})}, 0
		select {
		case order <- sent:
		case <-stop:
			return false
		}
		select {
		case todo <- sent:
			return true
		case <-stop:
			return false
		}
	}
	defer func() {
		if c.panic = recover(); c.panic != nil || len(c.docs) > 0 || c.err != nil {
			send()
		}
	}()
	for d, err := range in {
		if err != nil {
			c.err = err
			return
		}
		c.docs = append(c.docs, d)
		for _, t := range d.Texts {
			size += len(t)
		}
		if (len(c.docs) == chunkRows || size >= chunkBytes) && !send() {
			return
		}
	}
}

func (c *chunk) run(work func(*Document)) {
	defer close(c.done)
	defer func() {
		if p := recover(); p != nil {
			c.panic = p
		}
	}()
	for _, d := range c.docs {
		work(d)
	}
}

// yield hands the chunk on; a bug of a worker surfaces here, in the goroutine that reads.
func (c *chunk) yield(yield func(*Document, error) bool) bool {
	if c.panic != nil {
		panic(c.panic)
	}
	for _, d := range c.docs {
		if !yield(d, nil) {
			return false
		}
	}
	return c.err == nil || yield(nil, c.err) && false
}
