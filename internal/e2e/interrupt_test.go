package e2e_test

import (
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A verb that waits for its input ends at the first signal, as any program does.
func TestWaitingVerbsEndAtTheFirstSignal(t *testing.T) {
	p := newProject(t)
	for _, args := range [][]string{{"render", "-tokenizer", "model"}, {"tokens", "-tokenizer", "model"}, {"tokens", "-tokenizer", "model", "-ids"},
		{"logits", "-model", "model", "-out", "o.safetensors"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			p := p
			p.t = t
			c := p.command(args...)
			var told strings.Builder
			c.Stderr = &told
			in, err := c.StdinPipe()
			must(t, err)
			defer in.Close()
			must(t, c.Start())
			_, err = io.WriteString(in, "{"+strings.Repeat(" ", 1<<20)) // more than a pipe takes: it reads
			must(t, err)
			must(t, c.Process.Signal(syscall.SIGINT))
			ended := make(chan error, 1)
			go func() { ended <- c.Wait() }()
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				c.Process.Kill()
				t.Fatalf("it did not end:\n%s", told.String())
			}
			if code := c.ProcessState.ExitCode(); code != 130 || !strings.Contains(told.String(), "stopped by interrupt") {
				t.Errorf("exit %d:\n%s", code, told.String())
			}
		})
	}
}
