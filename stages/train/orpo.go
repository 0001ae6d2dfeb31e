package train

import (
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/config"
)

func init() { config.Register[Objective]("orpo", &ORPO{Beta: 0.1, NLL: "answer"}) }

// ORPO learns the chosen answers and, beside, to give them better odds than the rejected ones (Hong et al., arXiv:2403.07691).
// It needs no reference.
type ORPO struct {
	Beta float64 `json:"beta" check:"min=0" jsonschema:"weight of the odds ratio (the paper's lambda)"`
	NLL  string  `json:"nll" check:"oneof=answer|all" jsonschema:"what is learnt of a chosen conversation beside: its answer, or its prompt too (as TRL does)"`
}

func (*ORPO) takes() []string { return pairSides }

func (o *ORPO) nll() (float64, bool) { return 1, o.NLL == "all" }

func (*ORPO) reference() string { return "" }

func (*ORPO) kl() bool { return false }

func (o *ORPO) reward(logp, _, length float64) float64 { return o.Beta * logp / length }

// cost is -beta · log sigmoid of the log odds ratio, of log-probabilities a token.
func (o *ORPO) cost(s answers) *graph.Node {
	real := graph.NotEqual(s.sign, scalar(s.sign, 0))
	mean := graph.Where(real, s.perToken(s.logps), scalar(s.sign, -1)) // odds of a filled-up answer would be infinite
	odds := graph.Sub(mean, logOneMinusExp(mean))
	chosen, rejected := halves(odds)
	return graph.MulScalar(logSigmoid(graph.Sub(chosen, rejected)), -o.Beta)
}

// logOneMinusExp is log(1-exp(x)) for x < 0, each half by the form that is exact there (Maechler 2012, as TRL does).
func logOneMinusExp(x *graph.Node) *graph.Node {
	small := graph.GreaterThan(x, scalar(x, -0.6931471805599453))
	near, far := graph.Where(small, x, scalar(x, -0.5)), graph.Where(small, scalar(x, -1), x)
	// 1-exp(x) = tanh(-x/2) · (1+exp(x)): expm1 has no gradient here.
	byTanh := graph.Add(graph.Log(graph.Tanh(graph.MulScalar(near, -0.5))), graph.Log1p(graph.Exp(near)))
	return graph.Where(small, byTanh, graph.Log1p(graph.Neg(graph.Exp(far))))
}
