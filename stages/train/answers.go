package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/config"
	"fettle/schemas"
)

var (
	pairSides   = []string{schemas.Chosen, schemas.Rejected}
	judgedSides = []string{schemas.Desirable, schemas.Undesirable}
)

// judge checks that the blocks are what the objective learns from, numbers the answers, and puts the mismatched ones aside.
func (d *data) judge(o config.Choice[Objective]) error {
	if err := d.fits(o); err != nil {
		return err
	}
	pref, ok := o.Value.(preference)
	if !ok {
		return nil
	}
	kl := &data{ids: d.ids, length: d.length}
	var answers, mismatched int32
	for i, b := range d.blocks {
		main, other, err := b.parted(&answers, &mismatched)
		if err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
		d.blocks[i] = main
		kl.blocks = append(kl.blocks, other)
	}
	d.length = longest(d.blocks)
	if !pref.kl() {
		return nil
	}
	if mismatched != answers {
		return fmt.Errorf("%d answers and %d mismatched ones: kto needs as many (the shapes of judged answers make them)", answers, mismatched)
	}
	kl.length = longest(kl.blocks)
	d.kl = kl
	return nil
}

// fits checks the sides of the conversations.
func (d *data) fits(o config.Choice[Objective]) error {
	takes := o.Value.takes()
	seen := map[string]int{}
	for _, b := range d.blocks {
		for _, s := range b.segments {
			seen[s.side]++
		}
	}
	delete(seen, schemas.Mismatched)
	for side, n := range seen {
		if slices.Contains(takes, side) {
			continue
		}
		what := fmt.Sprintf("%d %s ones", n, side)
		if side == "" {
			what = fmt.Sprintf("%d that nobody judged", n)
		}
		want := strings.Join(takes, " and ") + " ones"
		if want == " ones" {
			want = "plain conversations"
		}
		return fmt.Errorf("objective %s learns from %s: the blocks hold %s (format.shape and train.objective belong together)", o.Name, want, what)
	}
	return nil
}

func longest(blocks []blockData) (n int) {
	for _, b := range blocks {
		n = max(n, len(b.tokens))
	}
	return n
}

// parted takes the mismatched answers out of a block and numbers both kinds. Pairs stay as they are: chosen, then rejected.
func (b blockData) parted(answers, mismatched *int32) (main, kl blockData, err error) {
	previous := ""
	for _, s := range b.segments {
		to, number := &main, answers
		switch {
		case s.side == schemas.Mismatched:
			to, number = &kl, mismatched
		case (s.side == schemas.Rejected) != (previous == schemas.Chosen):
			return main, kl, errors.New("a chosen answer and its rejected one do not stand together")
		default:
			previous = s.side
		}
		start := int32(len(to.tokens))
		to.tokens = append(to.tokens, b.tokens[s.start:s.end]...)
		to.labels = append(to.labels, b.labels[s.start:s.end]...)
		s.start, s.end, s.answer = start, start+s.end-s.start, *number
		to.segments = append(to.segments, s)
		*number++
	}
	if previous == schemas.Chosen {
		return main, kl, errors.New("its last chosen answer has no rejected one")
	}
	return main, kl, nil
}

// scale is what a micro-batch of answers takes from its window.
type scale struct {
	told    float32 // weight of each told position's own loss: the objective's, per pair of the window
	prompts bool    // positions in prompts of chosen answers are told too
	kl      float64
}

// judged is what preference training reads of a micro-batch beside its tokens. Answers are padded to a multiple of answerStep,
// positions as the tokens are.
type judged struct {
	owner             []int32   // [n] answer of each trained position
	told              []float32 // [n]
	ref, length, sign []float32 // [answers]
	numbers           []int32   // [answers] over all blocks, -1 = filled up
	kl                float32
	extra             int // told positions behind the trained ones
}

const answerStep = 8

// answers lays out a micro-batch of judged answers. Chosen answers come before rejected ones.
func (d *data) answers(blocks []int, rows int, s scale) *micro {
	m := d.filled(blocks, rows)
	var segments []segment
	for _, i := range blocks {
		segments = append(segments, d.blocks[i].segments...)
	}
	size := (len(segments) + answerStep - 1) / answerStep * answerStep
	j := &judged{ref: make([]float32, size), length: make([]float32, size), sign: make([]float32, size), numbers: make([]int32, size), kl: float32(s.kl)}
	m.judged = j
	for i := range size {
		j.length[i], j.numbers[i] = 1, -1
	}
	at := 0
	for r, i := range blocks {
		b := d.blocks[i]
		for _, seg := range b.segments {
			place := at
			if seg.side == schemas.Chosen || seg.side == schemas.Rejected {
				place = at/2 + at%2*size/2
			}
			at++
			j.put(place, b, seg, s)
			if d.ref != nil {
				j.ref[place] = d.ref[seg.answer]
			}
			if s.prompts && seg.side == schemas.Chosen {
				m.prompt(int32(r*d.length), b, seg)
			}
		}
	}
	j.extra = len(m.at) - m.trained
	m.pad(d.few)
	for len(j.owner) < len(m.at) { // prompts and padding are nobody's
		told := float32(0)
		if len(j.owner) < m.trained+j.extra {
			told = s.told
		}
		j.owner, j.told = append(j.owner, int32(size)), append(j.told, told)
	}
	return m
}

func (j *judged) put(place int, b blockData, seg segment, s scale) {
	told, length := float32(0), 0
	j.sign[place] = -1
	if seg.side == schemas.Chosen || seg.side == schemas.Desirable || seg.side == schemas.Mismatched {
		j.sign[place], told = 1, s.told
	}
	for t := seg.start + 1; t < seg.end; t++ {
		if b.labels[t] != schemas.Untrained {
			j.owner, j.told = append(j.owner, int32(place)), append(j.told, told)
			length++
		}
	}
	j.length[place], j.numbers[place] = float32(max(length, 1)), seg.answer
}

// prompt adds the untrained positions of a segment, whose loss is told too.
func (m *micro) prompt(base int32, b blockData, seg segment) {
	for t := seg.start + 1; t < seg.end; t++ {
		if b.labels[t] == schemas.Untrained {
			m.at, m.targets = append(m.at, base+t-1), append(m.targets, b.tokens[t])
		}
	}
}

func (j *judged) tensors() []*tensors.Tensor {
	flat := func(v []float32) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(v, len(v)) }
	return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(j.owner, len(j.owner)), flat(j.told), flat(j.ref), flat(j.length), flat(j.sign), tensors.FromScalar(j.kl)}
}

// count gives the answers of some blocks and the positions whose own loss counts.
func (d *data) count(blocks []int, prompts bool) (answers, told int) {
	for _, i := range blocks {
		b := d.blocks[i]
		for _, s := range b.segments {
			answers++
			if s.side != schemas.Chosen {
				continue
			}
			for t := s.start + 1; t < s.end; t++ {
				if prompts || b.labels[t] != schemas.Untrained {
					told++
				}
			}
		}
	}
	return answers, told
}
