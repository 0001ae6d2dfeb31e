package cli

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"fettle/internal/backend"
	"fettle/internal/backend/plugin"
	"fettle/internal/progress"
)

// doctorBackends opens every backend of this build and lets it multiply. A plugin that nobody installed is no fault.
func (a *App) doctorBackends(say func(ok bool, what, format string, v ...any)) {
	for _, name := range backend.Known {
		if !slices.Contains(backend.Names(), name) {
			say(true, "backend", "%s: not in this build (`make build-xla` makes one with XLA)", name)
			continue
		}
		if name != "go" {
			if _, err := plugin.Find(name); err != nil {
				say(plugin.Absent(err), "backend", "%s: %v", name, err)
				continue
			}
		}
		b, err := backend.Open(name)
		if err == nil {
			err = b.Prove()
		}
		if err != nil {
			say(false, "backend", "%s: %v", name, err)
			continue
		}
		say(true, "backend", "%s: %s; multiplied two matrices, every number right", name, b.What)
		describe(say, b)
		b.Finalize()
	}
	if b, err := backend.Open(backend.Auto); err == nil {
		say(true, "backend", "auto: %s", strings.TrimPrefix(b.Why, "backend "))
		b.Finalize()
	}
}

// describe tells of a plugin and its devices.
func describe(say func(ok bool, what, format string, v ...any), b backend.Backend) {
	if b.Plugin == "" {
		return
	}
	say(true, "", "  plugin %s, %s", b.Plugin, b.API)
	for _, d := range b.Devices {
		say(true, "", "  device %s", d)
	}
	switch b.Name {
	case "xla:cpu":
		if total, free, ok := memory(); ok {
			say(true, "", "  memory %s MiB, %s MiB free (the machine's)", progress.Count(total>>20), progress.Count(free>>20))
		}
	case "xla:cuda":
		for _, line := range gpuMemory() {
			say(true, "", "  memory %s", line)
		}
	}
}

// gpuMemory asks NVIDIA's own program, a line a GPU; nothing where it is not there.
func gpuMemory() (lines []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name,memory.total,memory.free,driver_version", "--format=csv,noheader,nounits").Output()
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Split(strings.TrimSpace(line), ", "); len(f) == 4 {
			lines = append(lines, fmt.Sprintf("%s MiB, %s MiB free (%s, driver %s)", f[1], f[2], f[0], f[3]))
		}
	}
	return lines
}
