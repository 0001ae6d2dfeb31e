package cli

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"fettle/internal/backend"
	"fettle/internal/dagu"
	"fettle/internal/disk"
	"fettle/internal/progress"
	"fettle/internal/stage"
)

func (a *App) doctor(_ context.Context, args []string) int {
	fs := a.flags("doctor", "\n\nSays what this machine can do: processors, memory, disk, compute backends, Dagu, the project.")
	if code, done := a.parseFlags(fs, args); done {
		return code
	}
	bad := 0
	say := func(ok bool, what, format string, v ...any) {
		mark := "ok  "
		if !ok {
			mark = "NOT "
			bad++
		}
		fmt.Fprintf(a.Stdout, "%s %-9s %s\n", mark, what, fmt.Sprintf(format, v...))
	}
	say(true, "fettle", "%s, %s/%s, %s", a.Version, runtime.GOOS, runtime.GOARCH, runtime.Version())
	say(true, "cpu", "%d processors", runtime.NumCPU())
	if total, free, ok := memory(); ok {
		say(free > 1<<30, "memory", "%s MiB, %s MiB free", progress.Count(total>>20), progress.Count(free>>20))
	}
	if r, said, err := backend.Said(); err != nil {
		say(false, "", "%v", err)
	} else if said {
		say(true, "", "%s lets %s MiB be taken", r.Of, progress.Count(r.Bytes>>20))
	}
	a.doctorBackends(say)
	root, err := stage.FindRoot(".")
	if err != nil {
		say(false, "project", "%v", err)
		return 1
	}
	say(true, "project", "%s: pipelines %v", root, pipelineNames(root))
	a.doctorStore(root, say)
	if p, err := dagu.Find(root); err != nil {
		say(false, "dagu", "%v: `fettle dagu install` gets it; `fettle run -local` works without", err)
	} else {
		say(true, "dagu", "%s", p)
	}
	if bad > 0 {
		return 1
	}
	return 0
}

func (a *App) doctorStore(root string, say func(ok bool, what, format string, v ...any)) {
	dir := stage.StoreDir("", root)
	_, _, err := project("")
	if err != nil {
		say(false, "store", "%v", err)
		return
	}
	free, err := disk.Free(dir)
	if err != nil {
		say(false, "store", "%v", err)
		return
	}
	say(free > 1<<30, "store", "%s: %s MiB of disk free", dir, progress.Count(free>>20))
}

// memory is what the machine has and what is free, in bytes; not known everywhere.
func memory() (total, free int64, ok bool) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, 0, false
	}
	defer f.Close()
	for {
		var name, unit string
		var n int64
		if _, err := fmt.Fscanf(f, "%s %d %s\n", &name, &n, &unit); err != nil {
			return total, free, total > 0
		}
		switch name {
		case "MemTotal:":
			total = n << 10
		case "MemAvailable:":
			free = n << 10
		}
	}
}
