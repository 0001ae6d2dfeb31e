package train

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/config"
)

// Objective is what a training minimises. One objective belongs to one file; its fields are its settings.
type Objective interface {
	// takes says which sides the conversations of its blocks are on: "" is a plain one.
	takes() []string
}

func init() { config.Register[Objective]("sft", &SFT{}) }

// SFT learns to say what the assistant says: the cross-entropy of the trained tokens.
type SFT struct{}

func (*SFT) takes() []string { return []string{""} }

// preference is an objective over answers that were judged. All of it is a function of the log-probability of whole answers.
type preference interface {
	Objective
	// cost is what every pair costs [pairs], or every judged answer [answers]; the loss is their mean.
	cost(s answers) *graph.Node
	// nll says how much the nats per token of the chosen answers count beside it, and whether those of their prompts do too.
	nll() (weight float64, prompts bool)
	// reference is whose log-probabilities the answers' are compared with: start, base, or "" where none are.
	reference() string
	// kl says whether the cost needs the mismatched answers.
	kl() bool
	// reward is what is reported of an answer: its log-probability is the sum over length tokens.
	reward(logp, ref, length float64) float64
}

// answers are the judged answers of a micro-batch as nodes [answers]. The chosen ones of pairs are the first half, the
// rejected ones the second, in the same order. Those that only fill up have sign 0.
type answers struct {
	logps  *graph.Node // log-probability under the model that trains
	ref    *graph.Node // under the reference
	length *graph.Node // tokens
	sign   *graph.Node // 1 chosen or desirable, -1 rejected or undesirable
	kl     *graph.Node // scalar: how far the model has moved from the reference, on mismatched answers
}

// ratio is log(p/p_ref).
func (s answers) ratio() *graph.Node { return graph.Sub(s.logps, s.ref) }

// perToken divides by the length.
func (s answers) perToken(x *graph.Node) *graph.Node { return graph.Div(x, s.length) }

// halves are the values of the chosen and of the rejected.
func halves(x *graph.Node) (chosen, rejected *graph.Node) {
	n := x.Shape().Dim(0)
	return graph.SliceAxis(x, 0, graph.AxisRange(0, n/2)), graph.SliceAxis(x, 0, graph.AxisRange(n/2, n))
}

const judgedInputs = 6 // answer of each position, its own weight, reference, length, sign, kl

// objective turns the losses of the trained positions [n] into what is differentiated; told are what the host reads of it
// beside: the costs and the log-probabilities of the answers.
func (p *program) objective(losses *graph.Node, judged []*graph.Node) (total *graph.Node, told []*graph.Node) {
	if p.pref == nil {
		return graph.ReduceAllSum(losses), nil
	}
	s := answers{logps: logps(losses, judged), ref: judged[2], length: judged[3], sign: judged[4], kl: judged[5]}
	cost := p.pref.cost(s)
	real := graph.Abs(graph.SliceAxis(s.sign, 0, graph.AxisRange(0, cost.Shape().Dim(0))))
	cost = graph.Mul(cost, real)
	total = graph.ReduceAllSum(cost)
	if weight, _ := p.pref.nll(); weight > 0 {
		total = graph.Add(total, graph.ReduceAllSum(graph.Mul(losses, judged[1])))
	}
	return total, []*graph.Node{cost, s.logps}
}

// logps sums the positions' [n] log-probabilities by answer [answers]; a position of none has a number beyond them.
func logps(losses *graph.Node, judged []*graph.Node) *graph.Node {
	owner := graph.OneHot(judged[0], judged[2].Shape().Dim(0), losses.DType()) // [n, answers]
	return graph.Neg(graph.Einsum("n,na->a", losses, owner))
}

// logSigmoid is log(1/(1+exp(-x))), and its gradient right at 0 and far from it.
func logSigmoid(x *graph.Node) *graph.Node {
	far := graph.LessThan(x, graph.Scalar(x.Graph(), x.DType(), -30)) // there it is x to within 1e-13
	near := graph.Where(far, graph.ScalarZero(x.Graph(), x.DType()), x)
	return graph.Where(far, x, graph.Neg(graph.Log1p(graph.Exp(graph.Neg(near)))))
}

func scalar(x *graph.Node, v float64) *graph.Node { return graph.Scalar(x.Graph(), dtypes.Float32, v) }
