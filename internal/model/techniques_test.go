package model_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/backend"
	"fettle/internal/backend/backendtest"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/quant"
)

var updateTechniques = flag.Bool("update", false, "write the table of techniques into docs/memory.md")

// techniques are what the graph saves memory by, in the order in which the table adds them.
type techniques struct {
	packed, chunks, blocks, remat bool
}

// The temporaries of a QLoRA step as XLA plans them, one technique after the other: each takes off what docs/memory.md says, or the
// page is old. `FETTLE_TEST_BACKEND=xla:cpu go test -tags xla ./internal/model -run Techniques -update` writes it.
func TestTechniquesSaveMemory(t *testing.T) {
	b := backendtest.Open(t)
	if b.Name != "xla:cpu" {
		t.Skip("left out: the table is of xla:cpu")
	}
	m := techniquesModel(t)
	written := techniquesPage(t)
	var lines []string
	before := 0.0
	for _, step := range []struct {
		name string
		on   techniques
		most float64 // of what the line before took
	}{
		{"none: all is kept from the forward to the backward pass", techniques{}, 0},
		{"attention in blocks of queries, its probabilities computed again", techniques{blocks: true}, 0.9},
		{"matrices in NF4 made float for each use: a barrier on the packed ones", techniques{blocks: true, packed: true}, 0.95},
		{"layers computed again (`remat`)", techniques{blocks: true, packed: true, remat: true}, 0.8},
		{"logits in chunks of rows", techniques{blocks: true, packed: true, remat: true, chunks: true}, 0.6},
	} {
		got := float64(step.on.temporaries(t, b, m)) / (1 << 20)
		t.Logf("%.0f MiB: %s", got, step.name)
		if before > 0 && got > step.most*before {
			t.Errorf("%s: %.0f MiB after %.0f", step.name, got, before)
		}
		if said, ok := written[step.name]; !*updateTechniques && (!ok || math.Abs(said-got) > 0.1*got) {
			t.Errorf("%s: docs/memory.md says %.0f MiB, it is %.0f: -update writes it", step.name, said, got)
		}
		before = got
		lines = append(lines, fmt.Sprintf("| %s | %.0f |\n", step.name, got))
	}
	if *updateTechniques {
		raw, err := os.ReadFile(memoryPage)
		if err != nil {
			t.Fatal(err)
		}
		head, rest, _ := strings.Cut(string(raw), techniquesHead)
		_, tail, _ := strings.Cut(rest, "\n\n")
		if err := os.WriteFile(memoryPage, []byte(head+techniquesHead+strings.Join(lines, "")+"\n"+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	memoryPage     = "../../docs/memory.md"
	techniquesHead = "| technique | temporaries |\n|---|---:|\n"
)

// techniquesPage reads the lines of the page's table.
func techniquesPage(t *testing.T) map[string]float64 {
	t.Helper()
	raw, err := os.ReadFile(memoryPage)
	if err != nil {
		t.Skipf("left out: %v", err)
	}
	_, table, ok := strings.Cut(string(raw), techniquesHead)
	if !ok {
		t.Fatal("no table of techniques in docs/memory.md")
	}
	written := map[string]float64{}
	for _, line := range strings.Split(table, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			break
		}
		if written[strings.TrimSpace(cells[1])], err = strconv.ParseFloat(strings.TrimSpace(cells[2]), 64); err != nil {
			t.Fatal(err)
		}
	}
	return written
}

func techniquesModel(t *testing.T) *model.Model {
	c, err := model.ParseConfig([]byte(`{"model_type": "llama", "hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 3, "num_attention_heads": 8,
		"num_key_value_heads": 4, "vocab_size": 32000, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "hidden_act": "silu", "tie_word_embeddings": false}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// temporaries are those of the gradients of LoRA (rank 8 on all linears) on a base in NF4, for one row of 1,024 tokens.
func (on techniques) temporaries(t *testing.T, b backend.Backend, m *model.Model) int64 {
	defer model.Whole(!on.chunks, !on.blocks)()
	config := lora.Defaults()
	config.Rank = 8
	a, err := lora.Outline(m, config)
	if err != nil {
		t.Fatal(err)
	}
	set := &quant.Set{}
	recipe := quant.Plain()
	recipe.Load = "nf4"
	recipe.Outline(set, m)
	row := shapes.Make(dtypes.Int32, 1, 1024)
	names, in := a.Names(), append([]shapes.Shape{row, row}, a.Shapes()...)
	for _, p := range m.Parameters() {
		names = append(names, set.Names(p.Name)...)
		if set.Spec(p.Name) != nil {
			in = append(in, set.Shapes(p.Name)...)
		} else {
			in = append(in, p.GraphShape())
		}
	}
	exec, err := graph.NewExec(b.Backend, func(in []*graph.Node) []*graph.Node {
		tokens, targets, weights := in[0], in[1], in[2:]
		nodes := map[string]*graph.Node{}
		for i, name := range names {
			nodes[name] = weights[i]
		}
		trained := weights[:len(a.Names())]
		moving := map[*graph.Node]bool{}
		for _, w := range trained {
			moving[w] = true
		}
		s := &model.Scope{Param: model.ParamsOf(nodes), Fixed: func(n *graph.Node) bool { return !moving[n] }, Remat: on.remat}
		set.Apply(s)
		if !on.packed {
			s.Base = nil // what asks for a matrix gets it in floats, which stay until its gradient is done
		}
		a.Apply(s, lora.Options{})
		loss := graph.ReduceAllSum(m.TokenLoss(s, m.Hidden(s, model.Batch{Tokens: tokens}), targets))
		return append([]*graph.Node{loss}, s.Gradient(loss, trained...)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	g, err := exec.Compile(in...)
	if err != nil {
		t.Fatal(err)
	}
	memory, ok := backend.MemoryOf(g.Executable())
	if !ok {
		t.Fatal("no figures of the compiled program")
	}
	return memory.Temporary
}
