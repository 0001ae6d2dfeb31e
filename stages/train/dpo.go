package train

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/config"
)

func init() {
	config.Register[Objective]("dpo", &DPO{Beta: 0.1, Loss: "sigmoid", Reference: fromStart, Tau: 0.05})
}

// DPO learns from pairs of a chosen and a rejected answer (Rafailov et al., arXiv:2305.18290), with the losses that came after
// it, as TRL's DPOTrainer has them.
type DPO struct {
	Beta      float64 `json:"beta" check:"min=0" jsonschema:"how much moving away from the reference costs; of ipo it is tau"`
	Loss      string  `json:"loss" check:"oneof=sigmoid|robust|hinge|ipo|exo_pair|nca_pair|bco_pair|sppo_hard|apo_zero|apo_down|discopop|sigmoid_norm|aot|aot_unpaired" jsonschema:"what a pair costs (TRL: loss_type)"`
	Smoothing float64 `json:"label_smoothing" check:"min=0,max=0.49" jsonschema:"share of the pairs that are judged the wrong way round (sigmoid: conservative DPO; robust, exo_pair, aot, aot_unpaired)"`
	NLL       float64 `json:"sft_weight" check:"min=0" jsonschema:"weight of the chosen answers' own loss a token beside it (TRL: rpo_alpha, or the loss sft; LLaMA-Factory: pref_ftx)"`
	Reference string  `json:"reference" check:"oneof=start|base" jsonschema:"start: the model as the training finds it, an adapter that it starts from included; base: without any adapter"`
	Tau       float64 `json:"discopop_tau" check:"min=0" jsonschema:"of discopop: how soon it turns exponential"`
}

// The references.
const (
	fromStart = "start"
	fromBase  = "base"
)

// Check holds the rules over several settings.
func (d *DPO) Check(fault func(field, want string)) {
	if d.Beta == 0 {
		fault("beta", "more than 0")
	}
	switch d.Loss {
	case "sigmoid", "robust", "aot", "aot_unpaired":
	case "exo_pair":
		if d.Smoothing == 0 {
			fault("label_smoothing", "more than 0: exo_pair takes its logarithm (the paper's choice is 0.001)")
		}
	default:
		if d.Smoothing > 0 {
			fault("label_smoothing", fmt.Sprintf("0: %s has none (sigmoid, robust, exo_pair, aot and aot_unpaired have)", d.Loss))
		}
	}
	if d.Loss == "discopop" && d.Tau == 0 {
		fault("discopop_tau", "more than 0")
	}
}

func (*DPO) takes() []string { return pairSides }

func (d *DPO) nll() (float64, bool) { return d.NLL, false }

func (d *DPO) reference() string { return d.Reference }

func (*DPO) kl() bool { return false }

func (d *DPO) reward(logp, ref, _ float64) float64 { return d.Beta * (logp - ref) }

// cost is TRL's loss of each pair (DPOTrainer._compute_loss).
func (d *DPO) cost(s answers) *graph.Node {
	chosen, rejected := halves(s.ratio())
	chosenMean, rejectedMean := halves(s.perToken(s.ratio()))
	delta, e := graph.MulScalar(graph.Sub(chosen, rejected), d.Beta), d.Smoothing
	won, lost := logSigmoid(delta), logSigmoid(graph.Neg(delta))
	good, poor := graph.MulScalar(chosen, d.Beta), graph.MulScalar(rejected, d.Beta)
	switch d.Loss {
	case "sigmoid":
		return graph.Neg(weighted(1-e, won, e, lost))
	case "robust":
		return graph.DivScalar(weighted(e-1, won, e, lost), 1-2*e)
	case "hinge":
		return graph.Max(graph.OneMinus(delta), scalar(delta, 0))
	case "ipo":
		return graph.Square(graph.AddScalar(graph.Sub(chosenMean, rejectedMean), -1/(2*d.Beta)))
	case "exo_pair":
		return graph.Add(
			graph.Mul(graph.Sigmoid(delta), graph.AddScalar(won, -math.Log1p(-e))),
			graph.Mul(graph.Sigmoid(graph.Neg(delta)), graph.AddScalar(lost, -math.Log(e))))
	case "nca_pair":
		return graph.Neg(graph.Add(weighted(1, logSigmoid(good), 0.5, logSigmoid(graph.Neg(good))), graph.MulScalar(logSigmoid(graph.Neg(poor)), 0.5)))
	case "bco_pair":
		return graph.Neg(graph.Add(logSigmoid(good), logSigmoid(graph.Neg(poor))))
	case "sppo_hard":
		return graph.Add(graph.Square(graph.AddScalar(chosen, -0.5/d.Beta)), graph.Square(graph.AddScalar(rejected, 0.5/d.Beta)))
	case "apo_zero":
		return graph.Add(graph.Sigmoid(graph.Neg(good)), graph.Sigmoid(poor))
	case "apo_down":
		return graph.Add(graph.Sigmoid(good), graph.Sigmoid(graph.Neg(delta)))
	case "discopop":
		mix := graph.Sigmoid(graph.DivScalar(delta, d.Tau))
		return graph.Add(graph.Mul(graph.Neg(won), graph.OneMinus(mix)), graph.Mul(graph.Exp(graph.Neg(delta)), mix))
	case "sigmoid_norm":
		return graph.Neg(logSigmoid(graph.MulScalar(graph.Sub(chosenMean, rejectedMean), d.Beta)))
	case "aot", "aot_unpaired": // distributions over the micro-batch are compared, not pairs
		better, worse := chosen, rejected
		if d.Loss == "aot" {
			better, worse = ratioOf(s.logps), ratioOf(s.ref)
		}
		real, _ := halves(s.sign)
		delta := graph.MulScalar(graph.Sub(sorted(better, real), sorted(worse, real)), d.Beta)
		return graph.Neg(weighted(1-e, logSigmoid(delta), e, logSigmoid(graph.Neg(delta))))
	}
	panic("dpo: loss " + d.Loss)
}

// ratioOf is the chosen answers' log-probability over the rejected ones'.
func ratioOf(x *graph.Node) *graph.Node {
	chosen, rejected := halves(x)
	return graph.Sub(chosen, rejected)
}

// sorted puts the real values [n] in order, the smallest first; those that fill up stay behind them. The order is a constant
// for the gradient.
func sorted(x, real *graph.Node) *graph.Node {
	n := x.Shape().Dim(0)
	key := graph.StopGradient(graph.Where(graph.Equal(real, scalar(x, 0)), scalar(x, math.MaxFloat32), x))
	mine, other := graph.ExpandAxes(key, -1), graph.ExpandAxes(key, 0) // [n, 1], [1, n]
	place := graph.Iota(x.Graph(), shapes.Make(dtypes.Int32, n, n), 0)
	earlier := graph.LessThan(graph.Iota(x.Graph(), shapes.Make(dtypes.Int32, n, n), 1), place)
	before := graph.LogicalOr(graph.LessThan(graph.BroadcastToDims(other, n, n), graph.BroadcastToDims(mine, n, n)),
		graph.LogicalAnd(graph.Equal(graph.BroadcastToDims(other, n, n), graph.BroadcastToDims(mine, n, n)), earlier))
	rank := graph.ReduceSum(graph.ConvertDType(before, dtypes.Int32), -1)
	return graph.Einsum("n,nr->r", x, graph.OneHot(rank, n, x.DType()))
}

// weighted is a·x + b·y.
func weighted(a float64, x *graph.Node, b float64, y *graph.Node) *graph.Node {
	return graph.Add(graph.MulScalar(x, a), graph.MulScalar(y, b))
}
