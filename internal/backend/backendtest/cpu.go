package backendtest

import (
	"syscall"
	"testing"
)

// CPU are the processor seconds of the whole process so far: steadier than the clock on a busy machine.
func CPU(t testing.TB) float64 {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}
