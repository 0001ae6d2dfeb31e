//go:build xla && cgo

package backend

import (
	"errors"
	"fmt"
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
)

func init() {
	register(kind{name: "xla:cpu", rank: 1, open: openXLACPU})
}

// openXLACPU opens XLA on the processor, with the PJRT plugin that FETTLE_PJRT_CPU names.
func openXLACPU() (compute.Backend, string, error) {
	xla.EnableAutoInstall(false)
	path := os.Getenv("FETTLE_PJRT_CPU")
	if path == "" {
		return nil, "", errors.New("no PJRT plugin: FETTLE_PJRT_CPU names none")
	}
	b, err := xla.New(path)
	if err != nil {
		return nil, "", err
	}
	return b, fmt.Sprintf("XLA with %s", path), nil
}
