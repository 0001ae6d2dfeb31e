package plugin

import (
	"debug/elf"
	"fmt"
	"os"
	"runtime"
)

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// check looks at a library before the system loads it: loading one that was cut short can end the process.
func check(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("plugin: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("plugin %s is no file", path)
	}
	if runtime.GOOS != "linux" {
		return nil
	}
	f, err := elf.Open(path) // its table of sections stands at the end
	if err != nil {
		return fmt.Errorf("plugin %s is no whole shared library: %v", path, err)
	}
	defer f.Close()
	if want, ok := machines[runtime.GOARCH]; ok && f.Machine != want {
		return fmt.Errorf("plugin %s is for %v, this machine is %s", path, f.Machine, runtime.GOARCH)
	}
	return nil
}
