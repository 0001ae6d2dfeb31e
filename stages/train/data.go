package train

import (
	"fmt"
	"math/rand/v2"

	"fettle/internal/table"
	"fettle/schemas"
)

// data is the token blocks in memory: 8 bytes a token; positions and segments follow from the segments' borders.
type data struct {
	blocks []blockData
	ids    []string  // conversations, in the order of the table
	length int       // of the longest block
	few    bool      // lengths of the trained positions, as each is a program to compile
	kl     *data     // the mismatched answers, block by block; nil: there are none
	ref    []float32 // log-probabilities of the judged answers under the reference, by their numbers; nil: there is none
}

type blockData struct {
	tokens, labels []int32
	segments       []segment
}

// segment is one conversation's place in a block.
type segment struct {
	conversation int32
	start, end   int32
	side         string // of preference data
	answer       int32  // number of the judged answer over all blocks
}

func readBlocks(path string, vocab int) (*data, error) {
	d := &data{}
	index := map[string]int32{}
	for b, err := range table.Read[schemas.Block](path) {
		if err != nil {
			return nil, err
		}
		if len(b.InputIDs) != len(b.Labels) {
			return nil, fmt.Errorf("read %s: block %d has %d tokens and %d labels", path, b.ID, len(b.InputIDs), len(b.Labels))
		}
		bd := blockData{tokens: b.InputIDs, labels: b.Labels}
		for _, s := range b.Segments {
			at, ok := index[s.ID]
			if !ok {
				at = int32(len(d.ids))
				index[s.ID] = at
				d.ids = append(d.ids, s.ID)
			}
			bd.segments = append(bd.segments, segment{conversation: at, start: s.Start, end: s.End, side: s.Side})
		}
		d.blocks = append(d.blocks, bd)
		d.length = max(d.length, len(b.InputIDs))
	}
	return d, d.check(vocab)
}

// trained counts the tokens that are learnt in one epoch.
func (d *data) trained() (n int64) {
	for _, b := range d.blocks {
		for _, l := range b.labels {
			if l != schemas.Untrained {
				n++
			}
		}
	}
	return n
}

// check finds a token outside the vocabulary.
func (d *data) check(vocab int) error {
	for i, b := range d.blocks {
		for _, t := range b.tokens {
			if t < 0 || int(t) >= vocab {
				return fmt.Errorf("block %d holds token %d: the model's vocabulary has %d", i, t, vocab)
			}
		}
	}
	return nil
}

// order is the order of the blocks in an epoch: a function of seed and epoch alone.
func (d *data) order(seed int64, epoch int, shuffle bool) []int {
	if shuffle {
		return rand.New(rand.NewPCG(uint64(seed), 0x6f72646572+uint64(epoch))).Perm(len(d.blocks)) // "order"
	}
	order := make([]int, len(d.blocks))
	for i := range order {
		order[i] = i
	}
	return order
}

// micro is one micro-batch as the program reads it; its rows beyond the blocks given are padding.
type micro struct {
	rows, length                int
	tokens, positions, segments []int32 // [rows, length]
	// The trained positions alone, padded with Untrained to a multiple of targetStep: where they are in [rows·length], what
	// they must predict, and whose they are.
	at, targets []int32
	owners      []int32
	trained     int
	judged      *judged // of preference training
	prepared    *prepared
}

const targetStep = 256 // trained positions are padded to multiples: few shapes are compiled

func (d *data) micro(blocks []int, rows int) *micro {
	m := d.filled(blocks, rows)
	m.pad(d.few)
	return m
}

func (d *data) filled(blocks []int, rows int) *micro {
	m := &micro{rows: rows, length: d.length}
	size := rows * d.length
	m.tokens, m.positions, m.segments = make([]int32, size), make([]int32, size), make([]int32, size)
	for r, i := range blocks {
		m.row(r*d.length, d.blocks[i])
	}
	m.trained = len(m.at)
	return m
}

// pad fills the trained positions up. few: at most eight lengths, however long the micro-batch is.
func (m *micro) pad(few bool) {
	step := targetStep
	if few {
		step = max(step, (m.rows*m.length/8+targetStep-1)/targetStep*targetStep)
	}
	for len(m.at) == 0 || len(m.at)%step != 0 {
		m.at = append(m.at, 0)
		m.targets = append(m.targets, schemas.Untrained)
	}
}

func (m *micro) row(base int, b blockData) {
	copy(m.tokens[base:], b.tokens)
	for n, s := range b.segments {
		for t := s.start; t < s.end; t++ {
			m.positions[base+int(t)] = t - s.start
			m.segments[base+int(t)] = int32(n + 1)
			// Position t-1 predicts token t; a segment's first token has no predictor.
			if t > s.start && b.labels[t] != schemas.Untrained {
				m.at = append(m.at, int32(base)+t-1)
				m.targets = append(m.targets, b.labels[t])
				m.owners = append(m.owners, s.conversation)
			}
		}
	}
}
