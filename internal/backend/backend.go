package backend

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gomlx/compute"
)

// Auto lets the program choose.
const Auto = "auto"

// Backend is an open backend under its resolved name.
type Backend struct {
	compute.Backend
	Name string // what enters an artifact's key: never "auto"
	Why  string // one line for people: what was chosen and why
}

// kind is one way to compute; files of this package register theirs.
type kind struct {
	name string
	rank int                                     // for auto: higher is tried first
	open func() (compute.Backend, string, error) // the string describes it to people
}

var kinds = map[string]kind{}

func register(k kind) {
	if _, dup := kinds[k.name]; dup || k.name == Auto {
		panic("backend: " + k.name + " registered twice")
	}
	kinds[k.name] = k
}

// Names are the backends of this build, the first choice of auto first.
func Names() []string {
	var names []string
	for _, k := range ranked() {
		names = append(names, k.name)
	}
	return names
}

func ranked() []kind {
	all := make([]kind, 0, len(kinds))
	for _, k := range kinds {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b kind) int {
		return cmp.Or(b.rank-a.rank, strings.Compare(a.name, b.name))
	})
	return all
}

// Open opens a backend by name; "" means auto.
func Open(name string) (Backend, error) {
	// A GoMLX that misses a plug-in must not fetch one: that is for `fettle doctor` to offer, not for a run to do.
	if err := os.Setenv("GOMLX_NO_AUTO_INSTALL", "1"); err != nil {
		return Backend{}, fmt.Errorf("open backend: %w", err)
	}
	if name == "" || name == Auto {
		return openAuto()
	}
	k, ok := kinds[name]
	if !ok {
		return Backend{}, fmt.Errorf("open backend %q: this build has %s (and auto)", name, strings.Join(Names(), ", "))
	}
	b, what, err := k.open()
	if err != nil {
		return Backend{}, fmt.Errorf("open backend %s: %w", name, err)
	}
	return Backend{Backend: b, Name: name, Why: fmt.Sprintf("backend %s: %s, as the settings ask", name, what)}, nil
}

func openAuto() (Backend, error) {
	var refused []string
	for _, k := range ranked() {
		b, what, err := k.open()
		if err != nil {
			refused = append(refused, fmt.Sprintf("%s: %v", k.name, err))
			continue
		}
		why := "the only one in this build"
		if len(refused) > 0 {
			why = "as others do not work here (" + strings.Join(refused, "; ") + ")"
		} else if len(kinds) > 1 {
			why = "the fastest that works here"
		}
		return Backend{Backend: b, Name: k.name, Why: fmt.Sprintf("backend %s: %s, %s", k.name, what, why)}, nil
	}
	return Backend{}, fmt.Errorf("open backend: none works: %s", strings.Join(refused, "; "))
}
