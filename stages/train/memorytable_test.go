package train

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// memoryPage is the page that tells what trainings need of a GPU; make cuda-compile fills its table.
const memoryPage = "../../docs/cuda-memory.md"

// memoryCell is one training of the table: an adapter of rank 16 on all linears, one block at a time, AdamW.
type memoryCell struct {
	model  string // folder in testdata/models
	method string // lora: the base in bfloat16; qlora: in NF4 with double quantisation
	length int
}

var memoryModels = []struct{ folder, title string }{
	{"llama-3-8b", "Llama 3 8B"}, {"qwen2.5-7b", "Qwen2.5 7B"}, {"llama-65b", "LLaMA 65B"}, {"qwen2.5-72b", "Qwen2.5 72B"},
}

func memoryCells() (all []memoryCell) {
	for _, m := range memoryModels {
		for _, method := range []string{"qlora", "lora"} {
			for _, length := range []int{512, 2048, 8192} {
				all = append(all, memoryCell{m.folder, method, length})
			}
		}
	}
	return all
}

func (c memoryCell) String() string { return fmt.Sprintf("%s/%s/%d", c.model, c.method, c.length) }

// memoryRow is what a line of the table says of a cell, in GiB.
type memoryRow struct {
	arguments, temporary, peak, needs, formula float64
}

// line writes a row as Markdown.
func (c memoryCell) line(r memoryRow) string {
	title, method := "", "LoRA, bf16"
	for _, m := range memoryModels {
		if m.folder == c.model {
			title = m.title
		}
	}
	if c.method == "qlora" {
		method = "QLoRA, NF4"
	}
	return fmt.Sprintf("| %s | %s | %d | %.2f | %.2f | %.2f | **%.2f** | %.1f | %s |", title, method, c.length, r.arguments, r.temporary, r.peak, r.needs, r.formula, card(r.needs))
}

// card is the smallest usual card that holds so many GiB and the margin of one. Cards are named in GB; what their drivers
// report is a little less than as many GiB.
func card(needs float64) string {
	for _, c := range []struct {
		name string
		gib  float64
	}{{"16 GB", 15.6}, {"24 GB", 23.6}, {"48 GB", 47.5}, {"80 GB", 79.1}, {"141 GB", 141}} {
		if needs+1 <= c.gib {
			return c.name
		}
	}
	return "none"
}

var number = regexp.MustCompile(`[0-9.]+`)

// readMemory reads the table of the page.
func readMemory(t testing.TB) map[memoryCell]memoryRow {
	t.Helper()
	raw, err := os.ReadFile(memoryPage)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[memoryCell]memoryRow{}
	for _, line := range strings.Split(string(raw), "\n") {
		for _, c := range memoryCells() {
			prefix := strings.SplitAfterN(c.line(memoryRow{}), "|", 5)
			rest, ok := strings.CutPrefix(line, strings.Join(prefix[:4], ""))
			if !ok {
				continue
			}
			var r memoryRow
			fields := strings.Split(rest, "|")
			for i, v := range []*float64{&r.arguments, &r.temporary, &r.peak, &r.needs, &r.formula} {
				if *v, err = strconv.ParseFloat(number.FindString(fields[i]), 64); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
			}
			rows[c] = r
		}
	}
	return rows
}

// What the table promises: an 8B model in 4 bits trains on a card of 12 GB, one of 65B on a card of 48.
func TestMemoryStaysWithinItsBounds(t *testing.T) {
	rows := readMemory(t)
	for c, limit := range map[memoryCell]float64{
		{"llama-3-8b", "qlora", 2048}: 8,
		{"llama-65b", "qlora", 512}:   46,
	} {
		r, ok := rows[c]
		if !ok {
			t.Errorf("%s is not in the table: make cuda-compile", c)
		}
		if r.needs > limit {
			t.Errorf("%s needs %.2f GiB, the bound is %.0f", c, r.needs, limit)
		}
	}
	for c, r := range rows {
		if longer, ok := rows[memoryCell{c.model, c.method, 4 * c.length}]; ok && longer.needs <= r.needs {
			t.Errorf("%s: four times the length needs no more than %.2f GiB", c, r.needs)
		}
		if plain, ok := rows[memoryCell{c.model, "lora", c.length}]; c.method == "qlora" && ok && plain.needs <= r.needs {
			t.Errorf("%s needs %.2f GiB, no less than a base in 16 bits", c, r.needs)
		}
	}
}
