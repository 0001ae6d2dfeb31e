//go:build xla && cgo && linux

package backend

import (
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Prepare starts the program anew, under the same pid and with the same files, where the backend needs an environment that a
// process must be born with: for xla:cpu how malloc gets memory, as big temporaries go back to it each step and are got again
// (a third less time). It returns where there is nothing to change, as when GLIBC_TUNABLES says it already. Call it before
// any work, with the names of all that will be opened: only the first call counts.
func Prepare(names ...string) { prepare.Do(func() { relaunch(names) }) }

var prepare sync.Once

func relaunch(names []string) {
	if strings.Contains(os.Getenv(tunables), tunable) || testing.Testing() {
		return
	}
	if !slices.ContainsFunc(names, func(name string) bool { resolved, err := Resolve(name); return err == nil && resolved == "xla:cpu" }) {
		return
	}
	value := asked
	if was := os.Getenv(tunables); was != "" {
		value = was + ":" + value
	}
	if os.Setenv(tunables, value) != nil {
		return
	}
	_ = syscall.Exec("/proc/self/exe", os.Args, os.Environ()) // returns only where it failed: then it goes on as it is
	os.Setenv(tunables, strings.TrimSuffix(strings.TrimSuffix(value, asked), ":"))
}
