package cli

import (
	"encoding/json"
	"fmt"

	"fettle/internal/progress"
	"fettle/internal/target"
)

func (a *App) needs(job *compileJob) (target.Needs, error) {
	device, err := target.Open(job.spec, job.plugin)
	if err != nil {
		return nil, err
	}
	measure := func(layers int) (target.Needs, error) {
		programs, err := a.Programs(job.file, job.model, layers, job.length, device.Backend)
		if err != nil {
			return nil, err
		}
		return device.Measure(programs)
	}
	layers := len(job.model.Config.Layers)
	few := max(2, job.model.Config.Period())
	if !job.quick || layers <= 2*few {
		return measure(0)
	}
	var at [2]target.Needs
	for i := range at {
		if at[i], err = measure((i + 1) * few); err != nil {
			return nil, err
		}
	}
	return target.Scale(at[0], at[1], few, 2*few, layers)
}

// verdict is what compile prints.
type verdict struct {
	Target string       `json:"target"`
	GPU    string       `json:"gpu"`
	Memory int64        `json:"memory"`
	Model  string       `json:"model_type"`
	Layers int          `json:"layers"`
	Length int          `json:"length"`
	Quick  bool         `json:"scaled"`
	Needs  target.Needs `json:"programs"`
	Total  int64        `json:"total"`
	Margin int64        `json:"margin"`
	Fits   bool         `json:"fits"`
}

func (a *App) printNeeds(job *compileJob, needs target.Needs, asJSON bool) int {
	v := verdict{Target: job.spec.Name, GPU: job.spec.Title, Memory: job.spec.Memory, Model: job.model.Config.ModelType, Layers: len(job.model.Config.Layers),
		Length: job.length, Quick: job.quick, Needs: needs, Total: needs.Total(), Margin: int64(job.margin)}
	v.Fits = v.Total+v.Margin <= v.Memory
	if asJSON {
		enc := json.NewEncoder(a.Stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(v); err != nil {
			return a.fail("compile", err)
		}
	} else {
		v.print(a)
	}
	if !v.Fits {
		return 3
	}
	return 0
}

func (v verdict) print(a *App) {
	say := func(format string, args ...any) { fmt.Fprintf(a.Stdout, format+"\n", args...) }
	how, fits, calls := "", "fits", 0
	if v.Quick {
		how = ", scaled up from a few"
	}
	if !v.Fits {
		fits = "does not fit"
	}
	say("%s for %s: %d layers%s, blocks of %s tokens\n", v.Model, v.GPU, v.Layers, how, progress.Count(int64(v.Length)))
	say("%-10s %11s %11s %11s %11s %11s", "program", "arguments", "outputs", "temporary", "peak", "beside it")
	for _, n := range v.Needs {
		calls += n.CuDNN
		say("%-10s %11s %11s %11s %11s %11s", n.Name, gib(n.Arguments), gib(n.Outputs), gib(n.Temporaries), gib(n.Peak), gib(n.Beside))
	}
	attention := "cuDNN's, fused"
	if calls == 0 {
		attention = "plain operations"
	}
	say("\nattention: %s\n%s: needs %s, and %s that the compiler cannot see (CUDA context, workspaces of cuDNN and cuBLAS), of %s", attention, fits, gib(v.Total), gib(v.Margin), gib(v.Memory))
}

func gib(n int64) string { return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30)) }
