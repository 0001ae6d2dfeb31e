//go:build xla && cgo && linux

package train

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/config"
	"fettle/internal/inspect"
	"fettle/internal/model"
	"fettle/internal/target"
)

var updatePage = flag.Bool("update", false, "write what was measured into docs/cuda-memory.md")

// h100 is the device that the table is compiled for; the test is left out where no plugin is installed.
func h100(t *testing.T) *target.Device {
	t.Helper()
	if _, err := target.Plugin(""); err != nil {
		t.Skipf("left out: %v", err)
	}
	s, err := target.Find("h100")
	if err != nil {
		t.Fatal(err)
	}
	d, err := target.Open(s, "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const gib = 1 << 30

func (c memoryCell) dir() string { return filepath.Join("testdata", "models", c.model) }

// settings are the cell's section train.
func (c memoryCell) settings() string {
	load := "none"
	if c.method == "qlora" {
		load = "nf4"
	}
	return fmt.Sprintf("train: {mode: lora, lora: {rank: 16, alpha: 32}, quant: {load: %s}, batch: {rows: 1}}\n", load)
}

// needs compiles the cell's programs at some layers; 0 means all.
func (c memoryCell) needs(t *testing.T, d *target.Device, layers int) target.Needs {
	t.Helper()
	m, err := model.Open(c.dir())
	if err != nil {
		t.Fatal(err)
	}
	file, err := config.Parse("cell", []byte(c.settings()))
	if err != nil {
		t.Fatal(err)
	}
	programs, err := Programs(file, m, layers, c.length, d.Backend)
	if err != nil {
		t.Fatal(err)
	}
	needs, err := d.Measure(programs)
	if err != nil {
		t.Fatal(err)
	}
	return needs
}

// scaled compiles the cell at two and at four layers of its true width.
func (c memoryCell) scaled(t *testing.T, d *target.Device) target.Needs {
	t.Helper()
	m, err := model.Open(c.dir())
	if err != nil {
		t.Fatal(err)
	}
	needs, err := target.Scale(c.needs(t, d, 2), c.needs(t, d, 4), 2, 4, len(m.Config.Layers))
	if err != nil {
		t.Fatal(err)
	}
	return needs
}

func (c memoryCell) row(t *testing.T, needs target.Needs) memoryRow {
	t.Helper()
	report, err := inspect.Read(c.dir(), inspect.Options{Seq: c.length, Batch: 1, Rank: 16})
	if err != nil {
		t.Fatal(err)
	}
	formula := report.Memory[len(report.Memory)-2]
	if c.method == "qlora" {
		formula = report.Memory[len(report.Memory)-1]
	}
	g := needs[0]
	in := func(bytes int64) float64 { return float64(bytes) / gib }
	return memoryRow{arguments: in(g.Arguments), temporary: in(g.Temporaries), peak: in(g.Peak), needs: in(needs.Total()), formula: in(formula.Total)}
}

// writeMemory puts rows into the page's table, all cells that are known in their order.
func writeMemory(t testing.TB, rows map[memoryCell]memoryRow) {
	t.Helper()
	raw, err := os.ReadFile(memoryPage)
	if err != nil {
		t.Fatal(err)
	}
	const head = "|---|---|---|---|---|---|---|---|---|\n"
	before, after, ok := strings.Cut(string(raw), head)
	if !ok {
		t.Fatalf("%s has no table", memoryPage)
	}
	for strings.HasPrefix(after, "|") {
		_, after, _ = strings.Cut(after, "\n")
	}
	var lines strings.Builder
	for _, c := range memoryCells() {
		if r, ok := rows[c]; ok {
			lines.WriteString(c.line(r) + "\n")
		}
	}
	if err := os.WriteFile(memoryPage, []byte(before+head+lines.String()+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// With -update every cell is compiled and written as it is known, so that an interrupted run leaves what it did
// (-run CUDAMemory/llama-3-8b picks); else one cell is compiled again and compared with the page.
func TestCUDAMemory(t *testing.T) {
	d := h100(t)
	for _, c := range memoryCells() {
		t.Run(c.String(), func(t *testing.T) {
			if !*updatePage && c != (memoryCell{"llama-3-8b", "qlora", 512}) {
				t.Skip("left out: compiled with -update")
			}
			got := c.row(t, c.scaled(t, d))
			t.Logf("%+v", got)
			rows := readMemory(t)
			if *updatePage {
				rows[c] = got
				writeMemory(t, rows)
			} else if want := rows[c]; math.Abs(got.needs-want.needs) > 0.02*want.needs {
				t.Errorf("needs %.2f GiB, the page says %.2f: `make cuda-compile` writes it anew", got.needs, want.needs)
			}
		})
	}
}

// All layers of an 8B model need what two and four of them foretell.
func TestCUDAMemoryIsLinearInLayers(t *testing.T) {
	if !*updatePage {
		t.Skip("left out: compiled with -update")
	}
	c := memoryCell{"llama-3-8b", "qlora", 2048}
	d := h100(t)
	whole, foretold := c.row(t, c.needs(t, d, 0)), readMemory(t)[c]
	t.Logf("all layers: %+v; foretold: %+v", whole, foretold)
	if math.Abs(whole.needs-foretold.needs) > 0.02*whole.needs {
		t.Errorf("all layers need %.2f GiB, two and four foretell %.2f", whole.needs, foretold.needs)
	}
}
