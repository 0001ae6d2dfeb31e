//go:build xla && cgo && linux

package target

// #include "device.h"
import "C"

import "fmt"

// Measure compiles programs that were made for the device's backend.
func (d *Device) Measure(programs []Program) (Needs, error) {
	var all Needs
	for _, p := range programs {
		if err := p.Compile(); err != nil {
			return nil, fmt.Errorf("compile %s for %s: %w", p.Name, d.Name, err)
		}
		all = append(all, Need{Name: p.Name, Memory: d.last(), Beside: p.Beside, CuDNN: int(C.device_cudnn(d.c))})
	}
	return all, nil
}
