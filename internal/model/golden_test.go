package model_test

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/backend"
	"fettle/internal/backend/backendtest"
	"fettle/internal/model"
	"fettle/internal/model/modeltest"
	"fettle/internal/shared"
)

// worst is the largest difference where keep (per row of width len(want)/len(keep)) is not 0; nil keeps all. NaN counts.
func worst(got, want []float32, keep []int32) float64 {
	width := 1
	if keep != nil {
		width = len(want) / len(keep)
	}
	var most float64
	for i := range want {
		if keep != nil && keep[i/width] == 0 {
			continue
		}
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if d > most || math.IsNaN(d) {
			most = d
		}
	}
	return most
}

func largest(v []float32) float64 {
	var most float64
	for _, x := range v {
		most = max(most, math.Abs(float64(x)))
	}
	return most
}

func int32s(t testing.TB, x *tensors.Tensor) []int32 {
	t.Helper()
	v, err := tensors.CopyFlatData[int32](x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// openFamily reads a golden model with one of its config files.
func openFamily(t testing.TB, dir, config string) (*model.Model, model.Weights) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, config))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := model.ParseConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w, err := m.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return m, w
}

// familyDirs lists the golden models of families that this build knows.
func familyDirs(t *testing.T) []string {
	root := shared.Path(t, "golden/models/families")
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, e := range entries {
		if e.IsDir() {
			dirs = append(dirs, filepath.Join(root, e.Name()))
		}
	}
	return dirs
}

const tolerance = 1e-4 // of logits and hidden states; the reference's own noise is 1.2e-5

func TestFamilies(t *testing.T) {
	b := backendtest.Open(t)
	for _, dir := range familyDirs(t) {
		var first *model.Config
		for _, config := range []string{"config.json", "config.v4.json"} {
			if _, err := os.Stat(filepath.Join(dir, config)); err != nil {
				continue
			}
			t.Run(filepath.Base(dir)+"/"+strings.TrimSuffix(config, ".json"), func(t *testing.T) {
				m, w := openFamily(t, dir, config)
				if b.Name != "go" && reflect.DeepEqual(m.Config, first) {
					return // the same program, which XLA would compile for seconds
				}
				first = m.Config
				g := modeltest.Open(t, filepath.Join(dir, "golden.safetensors"))
				checkForward(t, b, m, w, g)
				if config == "config.json" {
					checkGradients(t, b, m, w, g)
				}
			})
		}
	}
}

// checkForward compares residual stream, logits and losses, right-padded, left-padded and short.
func checkForward(t *testing.T, b backend.Backend, m *model.Model, w model.Weights, g modeltest.Golden) {
	mask := g.Ints("attention_mask")
	out := modeltest.Run(t, b, w, m.Names(), func(s *model.Scope, in []*graph.Node) []*graph.Node {
		var all []*graph.Node
		s.Trace = func(_ int, x *graph.Node) { all = append(all, x) }
		h := m.Hidden(s, model.Batch{Tokens: in[0], Positions: in[1], Segments: in[2]})
		return append(all, h, m.Logits(s, h), m.TokenLoss(s, h, model.Shift(in[3])))
	}, g.Ints("input_ids"), g.Ints("position_ids"), mask, g.Ints("labels"))
	keep := int32s(t, mask)
	n := len(m.Config.Layers)
	for i := range n + 1 {
		check(t, hiddenName(i), modeltest.Flat(t, out[i]), g.Floats(hiddenName(i)), keep, tolerance)
	}
	check(t, "hidden.normed", modeltest.Flat(t, out[n+1]), g.Floats("hidden.normed"), keep, tolerance)
	check(t, "logits", modeltest.Flat(t, out[n+2]), g.Floats("logits"), keep, tolerance)
	checkLosses(t, modeltest.Flat(t, out[n+3]), g)

	left := modeltest.Run(t, b, w, m.Names(), func(s *model.Scope, in []*graph.Node) []*graph.Node {
		return []*graph.Node{m.Logits(s, m.Hidden(s, model.Batch{Tokens: in[0], Positions: in[1], Segments: in[2]}))}
	}, g.Ints("left.input_ids"), g.Ints("left.position_ids"), g.Ints("left.attention_mask"))
	logits, leftMask := modeltest.Flat(t, left[0]), int32s(t, g.Ints("left.attention_mask"))
	half := len(logits) / 2
	check(t, "left-padded logits", logits[half:], g.Floats("left.logits_row1"), leftMask[len(leftMask)/2:], tolerance)

	if want, err := g.Float32("short.logits"); err == nil {
		checkShort(t, b, m, w, g, want)
	}
}

func hiddenName(i int) string { return "hidden." + string(rune('0'+i)) }

// checkShort runs the first 12 positions alone: longrope picks other factors there.
func checkShort(t *testing.T, b backend.Backend, m *model.Model, w model.Weights, g modeltest.Golden, want []float32) {
	out := modeltest.Run(t, b, w, m.Names(), func(s *model.Scope, in []*graph.Node) []*graph.Node {
		tokens := graph.Slice(in[0], graph.AxisRange(), graph.AxisRange(0, 12))
		return []*graph.Node{m.Logits(s, m.Hidden(s, model.Batch{Tokens: tokens}))}
	}, g.Ints("input_ids"))
	check(t, "short logits", modeltest.Flat(t, out[0]), want, nil, tolerance)
}

// checkLosses: the reference has no entry for the last position, which predicts nothing.
func checkLosses(t *testing.T, got []float32, g modeltest.Golden) {
	want := g.Floats("loss_per_token")
	seq := len(want)/2 + 1
	var sum float64
	for row := range 2 {
		check(t, "loss_per_token", got[row*seq:(row+1)*seq-1], want[row*(seq-1):(row+1)*(seq-1)], nil, 2e-5)
		for _, v := range got[row*seq : (row+1)*seq] {
			sum += float64(v)
		}
	}
	count, err := g.Int64("loss_tokens")
	if err != nil {
		t.Fatal(err)
	}
	mean := sum / float64(count[0])
	if want := float64(g.Floats("loss_mean")[0]); math.Abs(mean-want) > 2e-6*want {
		t.Errorf("loss_mean: got %v, want %v", mean, want)
	}
}

// checkGradients compares the gradient of the mean loss for every parameter that the reference has.
func checkGradients(t *testing.T, b backend.Backend, m *model.Model, w model.Weights, g modeltest.Golden) {
	names := m.Names()
	var wanted []string
	for _, name := range names {
		if _, ok := g.Info("grad." + name); ok {
			wanted = append(wanted, name)
		}
	}
	if len(wanted) == 0 {
		t.Fatal("the reference has no gradients of this model")
	}
	for _, remat := range []bool{false, true} {
		out := modeltest.Run(t, b, w, names, func(s *model.Scope, in []*graph.Node) []*graph.Node {
			s.Remat = remat
			h := m.Hidden(s, model.Batch{Tokens: in[0], Positions: in[1], Segments: in[2]})
			targets := model.Shift(in[3])
			losses := m.TokenLoss(s, h, targets)
			count := graph.ReduceAllSum(graph.ConvertDType(graph.GreaterOrEqual(targets, graph.ScalarZero(targets.Graph(), targets.DType())), losses.DType()))
			var params []*graph.Node
			for _, name := range wanted {
				params = append(params, s.Param(name))
			}
			return s.Gradient(graph.Div(graph.ReduceAllSum(losses), count), params...)
		}, g.Ints("input_ids"), g.Ints("position_ids"), g.Ints("attention_mask"), g.Ints("labels"))
		for i, name := range wanted {
			want := g.Floats("grad." + name)
			check(t, "grad."+name, modeltest.Flat(t, out[i]), want, nil, 1e-4*largest(want))
		}
	}
}

func check(t *testing.T, name string, got, want []float32, keep []int32, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: got %d values, want %d", name, len(got), len(want))
		return
	}
	d := worst(got, want, keep)
	note(t, name, d, tol)
	if !(d <= tol) {
		t.Errorf("%s: differs by %.3g, allowed %.3g", name, d, tol)
	}
}

// note takes a difference down for docs/parity.md.
func note(t *testing.T, name string, d, tol float64) {
	path := strings.Split(t.Name(), "/") // TestFamilies/llama/config, TestPackedRow/llama3
	column := map[string]string{"logits": "logits, right padded", "left-padded logits": "left padded", "short logits": "short (longrope)", "loss_per_token": "loss a token"}[name]
	switch {
	case path[0] == "TestPackedRow" && name == "logits":
		column = "packed"
	case path[0] != "TestFamilies":
		return
	case path[len(path)-1] == "config.v4" && name == "logits":
		column = "config.json as in v4"
	case strings.HasPrefix(name, "hidden."):
		column = "hidden states"
	case strings.HasPrefix(name, "grad."):
		column, d = "gradients, relative", d/(tol/1e-4)
	}
	if column != "" && path[len(path)-1] != "config.v4" || column == "config.json as in v4" {
		shared.Differs(t, "family", path[1], column, d)
	}
}
