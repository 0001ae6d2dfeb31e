package train

import (
	"github.com/gomlx/gomlx/core/graph"

	"fettle/internal/config"
)

func init() {
	config.Register[Objective]("kto", &KTO{Beta: 0.1, Loss: "kto", Desirable: 1, Undesirable: 1, Reference: fromStart})
}

// KTO learns from single answers that were found desirable or not (Ethayarajh et al., arXiv:2402.01306).
type KTO struct {
	Beta        float64 `json:"beta" check:"min=0" jsonschema:"how much moving away from the reference costs"`
	Loss        string  `json:"loss" check:"oneof=kto|apo_zero_unpaired" jsonschema:"kto, or one that needs no mismatched answers (TRL: loss_type)"`
	Desirable   float64 `json:"desirable_weight" check:"min=0" jsonschema:"weight of the desirable answers; the paper wants weight · number of the two kinds within 1 and 4/3 of each other"`
	Undesirable float64 `json:"undesirable_weight" check:"min=0" jsonschema:"weight of the undesirable answers"`
	Reference   string  `json:"reference" check:"oneof=start|base" jsonschema:"start: the model as the training finds it, an adapter that it starts from included; base: without any adapter"`
}

// Check holds the rules over several settings.
func (k *KTO) Check(fault func(field, want string)) {
	if k.Beta == 0 {
		fault("beta", "more than 0")
	}
}

func (*KTO) takes() []string { return judgedSides }

func (*KTO) nll() (float64, bool) { return 0, false }

func (k *KTO) reference() string { return k.Reference }

func (k *KTO) kl() bool { return k.Loss == "kto" }

func (k *KTO) reward(logp, ref, _ float64) float64 { return k.Beta * (logp - ref) }

// cost is w · (1 - sigmoid(± beta · (ratio - kl))): plus for the desirable, minus for the undesirable. The kl is a number.
func (k *KTO) cost(s answers) *graph.Node {
	moved := graph.MulScalar(graph.Sub(s.ratio(), s.kl), k.Beta)
	weight := graph.Where(graph.GreaterThan(s.sign, scalar(s.sign, 0)), scalar(s.sign, k.Desirable), scalar(s.sign, k.Undesirable))
	return graph.Mul(weight, graph.Sigmoid(graph.Neg(graph.Mul(s.sign, moved))))
}
