package stage

import "syscall"

// peakMemory is the largest resident memory of this process so far, in MB.
func peakMemory() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return maxRSSBytes(u) / 1e6
}
