package backend

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute"
)

// Backend is an open backend under its resolved name.
type Backend struct {
	compute.Backend
	Name string // what enters an artifact's key: never "auto"
	Why  string // one line for people: what was chosen and why
	Facts
}

// FewShapes says that a program takes seconds to compile for each shape it meets: whoever chooses shapes chooses few.
func (b Backend) FewShapes() bool { return strings.HasPrefix(b.Name, "xla:") }

// Facts tell people what computes.
type Facts struct {
	What    string   // in a few words
	Plugin  string   // path of the library; "" = built in
	API     string   // version of its interface
	Devices []string // one line each
}

// kind is one way to compute; files of this package register theirs.
type kind struct {
	name string
	rank int          // for auto: higher is tried first
	idle func() error // for auto: why it is not even worth to try; nil = always worth it
	open func() (compute.Backend, Facts, error)
}

var kinds = map[string]kind{}

func register(k kind) {
	if _, dup := kinds[k.name]; dup || !slices.Contains(Known, k.name) {
		panic("backend: " + k.name + " registered twice, or not known")
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
	// A GoMLX that misses a plug-in must not fetch one: that is for `fettle backend install`, which a user calls.
	if err := os.Setenv("GOMLX_NO_AUTO_INSTALL", "1"); err != nil {
		return Backend{}, fmt.Errorf("open backend: %w", err)
	}
	if name == "" || name == Auto {
		return openAuto()
	}
	if err := Check(name); err != nil {
		return Backend{}, fmt.Errorf("open backend %q: %w", name, err)
	}
	k, ok := kinds[name]
	if !ok {
		return Backend{}, fmt.Errorf("open backend %s: this build has only %s: `make build-xla` makes bin/fettle with XLA (it needs a C compiler), then `fettle backend install %s`",
			name, strings.Join(Names(), ", "), strings.ReplaceAll(name, ":", "-"))
	}
	b, facts, err := k.open()
	if err != nil {
		return Backend{}, fmt.Errorf("open backend %s: %w", name, err)
	}
	return Backend{Backend: b, Name: name, Facts: facts, Why: fmt.Sprintf("backend %s: %s, as the settings ask", name, facts.What)}, nil
}

// OpenAs opens what a setting was resolved to (see Resolve). Where it says auto, Why tells what auto met.
func OpenAs(setting, resolved string) (Backend, error) {
	b, err := Open(resolved)
	if err != nil || setting != "" && setting != Auto {
		return b, err
	}
	if chosen, err := auto(); err == nil && chosen.name == resolved {
		b.Why = chosen.why
	}
	return b, nil
}

func openAuto() (Backend, error) {
	var refused []string
	for _, k := range ranked() {
		b, facts, err := k.try()
		if err != nil {
			refused = append(refused, fmt.Sprintf("%s: %v", k.name, err))
			continue
		}
		why := "the only one in this build"
		if len(refused) > 0 {
			why = "as others do not work here (" + strings.Join(refused, "; ") + ")"
		} else if len(kinds) > 1 {
			why = "the first that works here"
		}
		return Backend{Backend: b, Name: k.name, Facts: facts, Why: fmt.Sprintf("backend %s: %s, %s", k.name, facts.What, why)}, nil
	}
	return Backend{}, fmt.Errorf("open backend: none works: %s", strings.Join(refused, "; "))
}

func (k kind) try() (compute.Backend, Facts, error) {
	if k.idle != nil {
		if err := k.idle(); err != nil {
			return nil, Facts{}, err
		}
	}
	return k.open()
}

// auto is what auto is on this machine; it stays so while the process lives.
var auto = sync.OnceValues(func() (chosen, error) {
	b, err := Open(Auto)
	if err != nil {
		return chosen{}, err
	}
	defer b.Finalize()
	return chosen{b.Name, b.Why}, nil
})

// chosen is a backend's name, and the line that says why it was taken.
type chosen struct{ name, why string }

// Resolve gives the name that stands in an artifact's key. A name that is not auto is not opened: what was computed on it
// before is there also where it is not.
func Resolve(name string) (string, error) {
	if name == "" || name == Auto {
		chosen, err := auto()
		return chosen.name, err
	}
	return name, Check(name)
}
