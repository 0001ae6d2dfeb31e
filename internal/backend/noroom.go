//go:build !(xla && cgo)

package backend

import "github.com/gomlx/compute"

// deviceRoom: a build without XLA has no device.
func deviceRoom(compute.Backend) (Room, bool) { return Room{}, false }

func devicePeak(compute.Backend) (int64, bool) { return 0, false }
