//go:build !(xla && cgo && linux)

package target

import (
	"errors"

	"github.com/gomlx/compute"
)

// Device is a GPU that is not there; this build has no XLA to compile for one.
type Device struct {
	Spec
	Backend compute.Backend
}

// Open says that this build cannot.
func Open(Spec, string) (*Device, error) {
	return nil, errors.New("this build has no XLA: `make build-xla` makes one that has (on Linux)")
}

// Measure is never reached: there is no device without Open.
func (*Device) Measure([]Program) (Needs, error) { return nil, errors.ErrUnsupported }
