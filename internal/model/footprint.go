package model

// Training is what Footprint asks about a micro-batch.
type Training struct {
	Rows, Length int
	Losses       int  // positions that have a loss; 0 = all
	Width        int  // bytes of an activation: 4, or 2 for bfloat16
	Remat        bool // layers are computed again in the backward pass
	Packed       bool // the layers' matrices are in 4 bits and made float for each use
	Full         bool // all weights train
	Large        bool // on a GPU, where operations are few and large
}

// Footprint is the memory that a micro-batch takes besides weights, in bytes. docs/memory.md explains it line by line.
type Footprint struct {
	Kept   int64 // from the forward to the backward pass, of all layers
	Inside int64 // of the layer that is worked on
	Head   int64 // of a chunk of logits
	Matrix int64 // a matrix's values, where it is packed
}

// Total: a layer and the head are not worked on at one time.
func (f Footprint) Total() int64 { return f.Kept + max(f.Inside+f.Matrix, f.Head) }

// Footprint estimates what a micro-batch takes: what the layers keep, and the greater of a layer's and the head's own needs.
func (m *Model) Footprint(t Training) Footprint {
	c, tokens, width := m.Config, int64(t.Rows*t.Length), int64(t.Width)
	h, q, ffn := int64(c.Hidden), int64(c.Heads*c.HeadDim), int64(m.ffn())
	// The input and norm of both halves, q, k, v (a copy for each head) and the attended twice, gate, up, and what goes down.
	layer := tokens * width * (4*h + 5*q + 3*ffn)
	if t.Remat { // the activated gate too: it is not computed a third time
		layer += tokens * width * ffn
	}
	// The gradients on their way back: those of the widest values, and of the residual stream.
	back := tokens * width * (3*ffn + 3*h + 2*q)
	var f Footprint
	for i := range c.Layers {
		list := blocks(t.Length, c.Layers[i].Window, t.Large)
		all, block := int64(visible(list)), int64(0)
		for _, b := range list {
			block = max(block, int64((b.q1-b.q0)*(b.k1-b.k0)))
		}
		heads := 4 * int64(t.Rows*c.Heads) // probabilities are float32
		forget := forgets(list, t.Rows*c.Heads, t.Large)
		kept := layer
		if !forget {
			kept += all * heads
		}
		inside := back + 3*block*heads
		if t.Remat {
			kept, inside = tokens*width*h, inside+kept
		}
		f.Kept, f.Inside = f.Kept+kept, max(f.Inside, inside)
	}
	losses := int64(t.Losses)
	if losses == 0 {
		losses = tokens
	}
	size := int64(chunk(int(losses), c.Vocab, t.Large))
	f.Kept += 2 * tokens * width * h                        // embedded tokens, and the last norm's input
	f.Head = 2*4*size*int64(c.Vocab) + losses*h*(2*4+width) // logits and their exponentials; target rows and slopes
	if t.Full && size < losses {
		f.Head += 4 * int64(c.Vocab) * h
	}
	if t.Packed {
		f.Matrix = m.greatest() * (width + 4)
	}
	return f
}

// ffn is the width of the feed-forward part that works on every token.
func (m *Model) ffn() int {
	if m.Config.MoE != nil { // every expert sees every token
		return max(m.Config.FFN, m.Config.MoE.FFN*m.Config.MoE.Experts)
	}
	return m.Config.FFN
}

// greatest counts the values of the greatest matrix of a layer.
func (m *Model) greatest() (n int64) {
	for _, l := range m.Linears() {
		if l.Module != "lm_head" {
			n = max(n, int64(l.In)*int64(l.Out))
		}
	}
	return n
}
