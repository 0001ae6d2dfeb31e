package train

import (
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
)

// page brings what an optimizer keeps back into the host's memory, so that the device holds the state of one group at most.
// The wrapper has no host memory spaces of the device's own, so whole tensors travel: down before a group's step, up after.
func page(list []*tensors.Tensor) error {
	for i, t := range list {
		host, err := t.LocalClone()
		if err != nil {
			return fmt.Errorf("page out: %w", err)
		}
		t.MustFinalizeAll()
		list[i] = host
	}
	return nil
}
