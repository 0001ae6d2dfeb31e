package backendtest

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Resident reads a line of this process's memory, in bytes.
func Resident(t testing.TB, line string) int64 {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc: the memory that is resident cannot be seen")
	}
	for _, l := range strings.Split(string(raw), "\n") {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatalf("no %s", line)
	return 0
}

// Peak is how much more memory was resident at most while f ran; the garbage of before is gone when it starts.
func Peak(t testing.TB, f func()) int64 {
	t.Helper()
	runtime.GC() // finalizers run: what they free goes with the next
	time.Sleep(10 * time.Millisecond)
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Skip("the high water mark cannot be set back: ", err)
	}
	before := Resident(t, "VmRSS")
	f()
	return Resident(t, "VmHWM") - before
}
