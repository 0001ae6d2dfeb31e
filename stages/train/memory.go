package train

import (
	"fmt"
	"regexp"

	"fettle/internal/model"
)

// exhausted is how PJRT and CUDA say that a device has no memory left.
var exhausted = regexp.MustCompile(`(?i)resource_?exhausted|out of memory|failed to allocate`)

// explain adds to an error for want of memory what the micro-batch is estimated to take, and what helps.
func (p *program) explain(err error, rows, length, losses int) error {
	if !exhausted.MatchString(err.Error()) {
		return err
	}
	f := p.model.Footprint(model.Training{
		Rows: rows, Length: length, Losses: losses, Width: p.width(), Remat: p.remat, Packed: p.quant.Len() > 0, Full: p.adapter == nil, Large: model.Large(p.backend),
	})
	help := "fewer batch.rows with more batch.accumulate, or a shorter format.pack.length"
	if !p.remat {
		help = "remat: on, " + help
	}
	if p.adapter != nil && p.quant.Len() == 0 {
		help += ", or quant.load: nf4"
	}
	mib := func(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }
	return fmt.Errorf("%w: out of memory. %d rows of %d tokens take about %s besides weights and optimizer (%s kept by the layers, %s for a layer, %s for the head); what helps: %s",
		err, rows, length, mib(f.Total()), mib(f.Kept), mib(f.Inside+f.Matrix), mib(f.Head), help)
}

// width is the bytes of an activation.
func (p *program) width() int {
	if p.compute == 0 {
		return 4
	}
	return p.compute.Size()
}
