package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/cpu"
)

// A killing is a moment of a training, told by what the store shows, at which it is killed.
type killing struct {
	where string
	seen  string        // a path in the store, as a pattern
	text  string        // what standard error says by then; "" = anything
	later time.Duration // after that
	from  string        // where the second start must go on, for a moment that only the clock tells; "" = anywhere
}

// The settings of the training below: 6 micro-batches a step, a checkpoint every second step, a loss on rows kept out, 8-bit
// AdamW with a paged state, two seeds.
var killings = []killing{
	{where: "before the first step", text: "of their weights train"},
	{where: "inside the first window of accumulation", text: "of their weights train", later: 60 * time.Millisecond, from: "the start"},
	{where: "while the first checkpoint is written", seen: "work/*/seed-1/checkpoint-*.tmp"},
	{where: "after the first checkpoint", seen: "work/*/seed-1/checkpoint-00000002"},
	{where: "while the second checkpoint is written", seen: "work/*/seed-1/checkpoint-00000004.tmp"},
	{where: "inside a window after it", seen: "work/*/seed-1/checkpoint-00000004", later: 20 * time.Millisecond, from: "4 (seed 1)"},
	{where: "while the last state of a seed is written", seen: "work/*/seed-1/checkpoint-00000006.tmp"},
	{where: "after the last step of the first seed", seen: "work/*/seed-1/checkpoint-00000006"},
	{where: "in the second seed", seen: "work/*/seed-2/checkpoint-*"},
	{where: "after the last step of all", seen: "work/*/seed-2/checkpoint-00000006"},
	{where: "while the losses of the rows are written", seen: "work/*/out/rowloss.arrow"},
	{where: "while the first adapter is saved", seen: "work/*/out/adapters/seed-1/adapter_*"},
	{where: "while the second adapter is saved", seen: "work/*/out/adapters/seed-2/*"},
	{where: "with the manifest written, before the rename", seen: "work/*/out/manifest.json"},
}

const killsHead = `# Kills and resumes

A training is killed (SIGKILL: nothing can be saved) at each of these moments and started again with the same command. It has 6
micro-batches a step, a checkpoint every second step, dropout, noise on the embeddings, a loss on rows kept out, 8-bit AdamW with a paged
state, and two seeds. The digest is that of all data of the artifact: adapters, history, losses of the rows.
` + "`FETTLE_KILLS_PAGE=1 go test ./internal/e2e -run KillTable`" + ` makes this table; in every test run it holds them equal.

| killed | went on after step | digest |
|---|---|---|
`

// Wherever a training is killed it ends with the bytes of one that never was.
func TestKillTable(t *testing.T) {
	p := newProject(t)
	p.edit(miniStages, "batch: {rows: 2, accumulate: 2}", "neftune_alpha: 5\n  eval: {share: 0.2, every: 3}\n  batch: {rows: 1, accumulate: 6}")
	p.edit(miniStages, "epochs: 3", "epochs: 3\n  max_steps: 6")
	p.edit(miniStages, "optimizer: {lr: 1e-2, clip: 1}", "optimizer: {name: adamw8bit, paged: true, lr: 1e-2, clip: 1}")
	train := []string{"train", "-config", miniStages}
	var page strings.Builder
	page.WriteString(killsHead)
	prepare := func() project {
		p := p.fresh()
		for _, name := range []string{"ingest", "clean", "format"} {
			p.stage(name)
		}
		return p
	}
	whole := prepare()
	whole.run(train...)
	want := whole.digests()["train"]
	fmt.Fprintf(&page, "| never | | %.16s |\n", want)
	for _, k := range killings {
		t.Run(k.where, func(t *testing.T) {
			var p project
			var r result
			for try := 0; ; try++ {
				if try == 20 {
					t.Fatal("the training was never caught at this moment")
				}
				if p = prepare(); !p.killedAt(k, train) {
					continue
				}
				p.settled()
				if r = p.run(train...); k.from == "" || resumedAt(r.stderr) == k.from {
					break
				}
				k.later /= 2
			}
			got := p.digests()["train"]
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("digest %s", diff)
			}
			fmt.Fprintf(&page, "| %s | %s | %.16s |\n", k.where, resumedAt(r.stderr), got)
		})
	}
	path := filepath.Join("..", "..", "docs", "kills.md")
	if os.Getenv("FETTLE_KILLS_PAGE") != "" && !t.Failed() {
		must(t, os.WriteFile(path, []byte(page.String()), 0o644))
	}
	// On another kind of processor sums of floats, and so the digest, are others.
	if runtime.GOARCH == "amd64" && cpu.X86.HasAVX2 && !strings.Contains(read(path), fmt.Sprintf("| never | | %.16s |", want)) {
		t.Errorf("docs/kills.md tells another digest than %.16s: FETTLE_KILLS_PAGE=1 writes it anew", want)
	}
}

// killedAt starts the command and kills it at the moment; false when it came to its end before.
func (p project) killedAt(k killing, args []string) bool {
	c := p.start(args...)
	gone := make(chan error, 1)
	go func() { gone <- c.Wait() }()
	for {
		select {
		case <-gone:
			return false
		default:
		}
		seen := k.seen == "" || exists(filepath.Join(p.store, k.seen))
		if k.text != "" {
			events, _ := filepath.Glob(filepath.Join(p.store, "runs", "*", "events.jsonl"))
			seen = false
			for _, path := range events {
				raw, err := os.ReadFile(path)
				seen = seen || err == nil && strings.Contains(string(raw), k.text)
			}
		}
		if seen {
			time.Sleep(k.later)
			c.Process.Signal(syscall.SIGKILL)
			<-gone
			return !c.ProcessState.Exited()
		}
		time.Sleep(50 * time.Microsecond)
	}
}

// resumedAt is what the second start said of each seed.
func resumedAt(stderr string) string {
	var at []string
	for _, line := range strings.Split(stderr, "\n") {
		if _, rest, ok := strings.Cut(line, ": goes on after step "); ok {
			seed := "1"
			if strings.Contains(line, "seed 2") {
				seed = "2"
			}
			step, _, _ := strings.Cut(rest, " ")
			at = append(at, fmt.Sprintf("%s (seed %s)", step, seed))
		}
	}
	if len(at) == 0 {
		return "the start"
	}
	return strings.Join(at, ", ")
}
