package backend

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"fettle/internal/config"
)

// Auto lets the program choose.
const Auto = "auto"

// Known are the backends that fettle has, whichever of them are in this build.
var Known = []string{"go", "xla:cpu", "xla:cuda"}

// Check says what is wrong with a name that a user gave.
func Check(name string) error {
	names := append([]string{Auto}, Known...)
	if slices.Contains(names, name) {
		return nil
	}
	err := fmt.Errorf("want one of %s", strings.Join(names, ", "))
	if near := config.Nearest(name, names); near != "" {
		err = fmt.Errorf("%w (did you mean %s?)", err, near)
	}
	return err
}

// Flag adds the flag -backend, which takes no unknown name.
func Flag(fs *flag.FlagSet, usage, name string) *string {
	usage += ": `NAME` = auto, go, xla:cpu or xla:cuda"
	if name != "" {
		usage += " (default " + name + ")"
	}
	fs.Func("backend", usage, func(s string) error {
		name = s
		return Check(s)
	})
	return &name
}
