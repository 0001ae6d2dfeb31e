package train

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"fettle/internal/backend/backendtest"
	"fettle/internal/optimizer"
)

// peakOf is what a process took that trained a few steps.
type peakOf struct {
	CPU           float64 // seconds of a step
	Peak          int64   // resident at most, in bytes, beyond what the process had before
	Likely, Least int64   // as estimated
	State         int64   // of the optimizer
}

// BenchmarkPaged measures what a paged optimizer's state costs: CPU seconds a step, and the memory that was resident at most, of
// a process for each line, beside what the training was estimated to need.
func BenchmarkPaged(b *testing.B) {
	for _, c := range []struct{ shape, mode string }{{"small", "lora"}, {"wide", "scratch"}} {
		for _, name := range []string{"adamw", "adamw8bit"} {
			for _, paged := range []bool{false, true} {
				label := c.shape + "/" + c.mode + "/" + name
				if paged {
					label += "-paged"
				}
				b.Run(label, func(b *testing.B) { apart(b, c.shape, c.mode, name, paged) })
			}
		}
	}
}

const inChild = "FETTLE_TEST_PEAK" // file that a child writes what it took to

func apart(b *testing.B, shape, mode, name string, paged bool) {
	if file := os.Getenv(inChild); file != "" {
		raw, err := json.Marshal(took(b, shape, mode, name, paged))
		if err == nil {
			err = os.WriteFile(file, raw, 0o600)
		}
		if err != nil {
			b.Fatal(err)
		}
		return
	}
	file := b.TempDir() + "/took.json"
	pattern := "^" + strings.ReplaceAll(b.Name(), "/", "$/^") + "$"
	child := exec.Command(os.Args[0], "-test.run", "^$", "-test.benchtime", "1x", "-test.bench", pattern)
	child.Env = append(os.Environ(), inChild+"="+file)
	if out, err := child.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	var p peakOf
	if err := json.Unmarshal(raw, &p); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(p.CPU, "cpu-s/step")
	b.ReportMetric(float64(p.Peak)/(1<<20), "peak-MiB")
	b.ReportMetric(float64(p.Likely)/(1<<20), "estimate-MiB")
	b.ReportMetric(float64(p.Least)/(1<<20), "least-MiB")
	b.ReportMetric(float64(p.State)/(1<<20), "state-MiB")
	b.ReportMetric(0, "ns/op")
}

func took(b *testing.B, shape, mode, name string, paged bool) (p peakOf) {
	s := benchShapes[shape]
	before := backendtest.Resident(b, "VmRSS")
	t := s.benchWith(b, mode, 8, optimizer.Config{Name: name, LR: 1e-4, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Clip: 1, Paged: paged})
	steps := func(n int) {
		for range n {
			if err := t.step(b.Context(), 1, 1<<30); err != nil {
				b.Fatal(err)
			}
		}
	}
	steps(2)
	at := backendtest.CPU(b)
	steps(4)
	p.CPU = (backendtest.CPU(b) - at) / 4
	p.Peak = backendtest.Resident(b, "VmHWM") - before
	a := ask{model: t.program.model, data: t.data, backend: backendtest.Name(), shared: true, devices: 1}
	if mode == "scratch" {
		t.settings.Mode = "full"
	} else {
		t.settings.LoRA = t.program.adapter.Config
	}
	n, err := a.needs(t.settings, s.length)
	if err != nil {
		b.Fatal(err)
	}
	for _, w := range t.frozen {
		n.base += int64(w.Shape().ByteSize())
	}
	p.Likely, p.Least, p.State = n.likely(), n.least(), n.kept
	return p
}
