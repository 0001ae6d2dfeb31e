package train

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"

	"fettle/internal/backend"
	"fettle/internal/progress"
	"fettle/internal/safetensors"
)

// fitting in memory: nobody waits for weights to be read and programs to be compiled to learn that there is no room.

// room compares what the training needs with what there is, before the first weight is read.
func (f *fitting) room() error {
	free, known, err := f.backend.Room()
	if err != nil || !known {
		return err
	}
	a, done, err := f.ask()
	if err != nil {
		return err
	}
	defer done()
	n, err := a.needs(f.job.Settings, f.data.length)
	if err != nil {
		return nil // of settings that do not fit the model: they are told where they are used
	}
	warning, err := a.judge(f.job.Settings, n, free)
	if warning != "" {
		f.job.Progress.Say("warning: %s", warning)
	}
	if !f.backend.OwnMemory() {
		limitGarbage(n, free)
	}
	return err
}

// limitGarbage makes Go collect before it passes what is free. Left alone it lets garbage grow to as much as is in use, and that is
// half of what a training on the Go backend takes. Below what is in use itself it would do nothing but collect.
func limitGarbage(n needs, free backend.Room) {
	if limit := max(free.Bytes-free.Bytes/10, n.likely(), 128<<20); limit < debug.SetMemoryLimit(-1) {
		debug.SetMemoryLimit(limit)
	}
}

func (f *fitting) ask() (a ask, done func(), err error) {
	s := f.job.Settings
	from, err := f.start(s.Seeds[0])
	if err != nil {
		return a, nil, err
	}
	a = ask{model: f.model, from: from, data: f.data, backend: f.backend.Name, shared: true, devices: s.Devices}
	if f.backend.OwnMemory() {
		a.shared, a.devices = false, 1
	}
	if s.Mode == "scratch" || f.note.Weights == "" {
		return a, func() {}, nil
	}
	a.file, err = safetensors.Open(f.dir)
	if errors.Is(err, fs.ErrNotExist) { // the loader has its say on that
		return a, func() {}, nil
	}
	if err != nil {
		return a, nil, err
	}
	return a, func() { a.file.Close() }, nil
}

// judge refuses what cannot fit, whatever the estimate is wrong by, and warns of what may not. It says what would fit.
func (a ask) judge(s Settings, n needs, free backend.Room) (warning string, err error) {
	if a.roomy(n, free) {
		return "", nil
	}
	said := fmt.Sprintf("this training needs about %s of memory (%s for weights that do not train, %s for those that do with gradients and optimizer, %s for a micro-batch of %d blocks of %s tokens), %s has %s free: %s",
		amount(n.likely()), amount(n.base), amount(n.still()-n.base+max(0, n.fresh-n.work)), amount(n.work), s.Batch.Rows, progress.Count(int64(a.data.length)), free.Of, amount(free.Bytes), a.advice(s, free))
	if n.least() > free.Bytes+free.Swap {
		return "", errors.New(said)
	}
	return said, nil
}

// compiler is what the plugin of XLA and its compiler take in the memory of the machine, measured with docs/memory.md's table.
const compiler = 400 << 20

// roomy says that it fits, whatever the estimate is wrong by: a tenth of what XLA compiles, and on the Go backend half of what is
// in use besides, its collector's garbage (docs/memory.md).
func (a ask) roomy(n needs, free backend.Room) bool {
	doubt := n.likely() / 10
	switch a.backend {
	case "go":
		doubt = n.likely() / 2
	case "xla:cpu":
		doubt += compiler
	}
	return n.likely()+doubt <= free.Bytes
}

// advice names the settings that make it fit, those first that change least.
func (a ask) advice(s Settings, free backend.Room) string {
	fits := func(t Settings, length int) bool {
		n, err := a.needs(t, length)
		return err == nil && a.roomy(n, free)
	}
	for _, length := range shorter(a.data.length) {
		for _, lighter := range a.lighter(s) {
			if !fits(lighter.with(1, "on"), length) {
				continue
			}
			for rows := s.Batch.Rows; rows > 0; rows-- {
				for _, remat := range []string{s.Remat, "on"} {
					if t := lighter.with(rows, remat); fits(t, length) {
						return "set " + changes(s, t, a.data.length, length)
					}
				}
			}
		}
	}
	return "no setting makes it fit: a smaller model, or a machine with more memory"
}

// with computes a step of as many blocks, so many at once.
func (s Settings) with(rows int, remat string) Settings {
	s.Batch.Accumulate = (s.Batch.Rows*s.Batch.Accumulate + rows - 1) / rows
	s.Batch.Rows, s.Remat = rows, remat
	return s
}

// shorter are lengths of blocks, from the data's down to one below which little is learnt.
func shorter(length int) []int {
	all := []int{length}
	for n := length / 2; n >= 64; n /= 2 {
		all = append(all, n)
	}
	return all
}

// lighter are the settings, then those with less beside the micro-batch: a paged state gives the same weights, the others do not.
func (a ask) lighter(s Settings) []Settings {
	all := []Settings{s}
	for _, c := range []struct {
		may    bool
		change func(*Settings)
	}{
		{!s.Optimizer.Paged, func(t *Settings) { t.Optimizer.Paged = true }},
		{s.Mode == "lora" && s.Quant.Load != "nf4" && a.file != nil && s.LoRA.Init != "pissa", func(t *Settings) { t.Quant.Load = "nf4" }},
		{s.Optimizer.Name == "adamw", func(t *Settings) { t.Optimizer.Name = "adamw8bit" }},
	} {
		for _, t := range all { // with and without each of those before
			if c.may {
				c.change(&t)
				all = append(all, t)
			}
		}
	}
	return all
}

// changes writes what differs as it is typed.
func changes(s, t Settings, long, length int) string {
	var all []string
	add := func(changed bool, format string, args ...any) {
		if changed {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	add(s.Remat != t.Remat, "train.remat: %s", t.Remat)
	add(s.Batch.Rows != t.Batch.Rows, "train.batch: {rows: %d, accumulate: %d}", t.Batch.Rows, t.Batch.Accumulate)
	add(s.Quant.Load != t.Quant.Load, "train.quant.load: %s", t.Quant.Load)
	add(s.Optimizer.Name != t.Optimizer.Name, "train.optimizer.name: %s", t.Optimizer.Name)
	add(s.Optimizer.Paged != t.Optimizer.Paged, "train.optimizer.paged: %v", t.Optimizer.Paged)
	add(long != length, "format.pack.length: %d", length)
	return strings.Join(all, ", ")
}
