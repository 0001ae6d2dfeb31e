package model_test

import (
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
)

const tinyConfig = `{"model_type":"llama","vocab_size":4096,"hidden_size":192,"intermediate_size":512,"num_hidden_layers":4,
"num_attention_heads":6,"max_position_embeddings":1024,"tie_word_embeddings":true,"rms_norm_eps":1e-5}`

// TestSpeed measures one training step (forward and backward, no optimizer) of the bundled base's size.
func TestSpeed(t *testing.T) {
	if os.Getenv("FETTLE_SPEED") == "" {
		t.Skip("left out: set FETTLE_SPEED=1 to measure")
	}
	b := backendtest.Open(t)
	cfg, err := model.ParseConfig([]byte(tinyConfig))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := model.New(cfg)
	w := m.Init(1)
	for _, mode := range []string{"scratch", "lora"} {
		for _, packed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s_packed=%v", mode, packed), func(t *testing.T) { measure(t, b.Backend, m, w, mode, packed) })
		}
	}
}

func measure(t *testing.T, b compute.Backend, m *model.Model, w model.Weights, mode string, packed bool) {
	const seq, rank = 256, 16
	batch, _ := strconv.Atoi(os.Getenv("BATCH"))
	if batch == 0 {
		batch = 16
	}
	rng := rand.New(rand.NewSource(7))
	tok, pos, seg := make([]int32, batch*seq), make([]int32, batch*seq), make([]int32, batch*seq)
	for i := range tok {
		tok[i] = int32(rng.Intn(4096))
		pos[i] = int32(i % seq % 100)
		seg[i] = int32(i%seq/100) + 1
	}
	names := m.Names()
	var shapesAB []shapes.Shape
	linears := m.Linears()
	if mode == "lora" {
		for _, l := range linears {
			shapesAB = append(shapesAB, shapes.Make(dtypes.Float32, rank, l.In), shapes.Make(dtypes.Float32, l.Out, rank))
		}
	}
	exec, err := graph.NewExec(b, func(all []*graph.Node) []*graph.Node {
		nodes := map[string]*graph.Node{}
		for i, name := range names {
			nodes[name] = all[i]
		}
		all = all[len(names):]
		ab := all[:len(shapesAB)]
		in := all[len(shapesAB):]
		s := &model.Scope{Param: model.ParamsOf(nodes)}
		rows := model.Batch{Tokens: in[0]}
		if packed {
			rows.Positions, rows.Segments = in[1], in[2]
		}
		var wrt []*graph.Node
		if mode == "lora" {
			at := map[string]int{}
			for i, l := range linears {
				at[l.Module] = 2 * i
			}
			s.Adapt = func(module string, x, y *graph.Node) *graph.Node {
				i, ok := at[module]
				if !ok {
					return y
				}
				return graph.Add(y, model.Dense(graph.MulScalar(model.Dense(x, ab[i]), 2), ab[i+1]))
			}
			wrt = ab
		} else {
			for _, n := range names {
				wrt = append(wrt, nodes[n])
			}
		}
		parts, _ := strconv.Atoi(os.Getenv("SPLIT"))
		parts = max(1, parts)
		var losses []*graph.Node
		for p := range parts {
			cut := func(x *graph.Node) *graph.Node {
				if x == nil {
					return nil
				}
				n := x.Shape().Dim(0) / parts
				return graph.SliceAxis(x, 0, graph.AxisRange(p*n, p*n+n))
			}
			b := model.Batch{Tokens: cut(rows.Tokens), Positions: cut(rows.Positions), Segments: cut(rows.Segments)}
			h := m.Hidden(s, b)
			losses = append(losses, graph.ReduceAllSum(m.TokenLoss(s, h, model.Shift(b.Tokens))))
		}
		loss := losses[0]
		for _, l := range losses[1:] {
			loss = graph.Add(loss, l)
		}
		loss = graph.DivScalar(loss, float64(in[0].Shape().Size()))
		return append(s.Gradient(loss, wrt...), loss)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	var args []any
	for _, n := range names {
		args = append(args, w[n])
	}
	for _, s := range shapesAB {
		args = append(args, tensors.FromShape(s))
	}
	for _, x := range [][]int32{tok, pos, seg} {
		args = append(args, tensors.FromFlatDataAndDimensions(x, batch, seq))
	}
	var before float64
	best, total, n := time.Hour, time.Duration(0), 6
	for i := range n + 1 {
		t0 := time.Now()
		out, err := exec.Call(args...)
		if err != nil {
			t.Fatal(err)
		}
		d := time.Since(t0)
		if i == 0 {
			before = cpu()
			fmt.Printf("loss %v first %v\n", out[len(out)-1].Value(), d)
		} else {
			best, total = min(best, d), total+d
		}
		for _, o := range out {
			o.FinalizeAll()
		}
	}
	fmt.Printf("%s packed=%v: %.3f cpu s a step, best %v %.0f tok/s, mean %.0f tok/s\n", mode, packed, (cpu()-before)/float64(n), best, float64(batch*seq)/best.Seconds(), float64(batch*seq*n)/total.Seconds())
}

// cpu is the process's CPU seconds: steadier than the clock on a busy machine.
func cpu() float64 {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}
