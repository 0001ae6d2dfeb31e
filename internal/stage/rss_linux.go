package stage

import "syscall"

func maxRSSBytes(u syscall.Rusage) float64 { return float64(u.Maxrss) * 1024 } // Linux counts KiB
