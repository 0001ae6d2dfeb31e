package cli

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"fettle/internal/backend"
	"fettle/internal/backend/plugin"
	"fettle/internal/progress"
)

func (a *App) backend(ctx context.Context, args []string) int {
	fs := a.flags("backend", `list
       fettle backend install xla-cpu|xla-cuda [-compile-only] [-wheel FILE]...
       fettle backend remove xla-cpu|xla-cuda

What computes, and the PJRT plugins that XLA needs. install takes pinned wheels from your pip, or as files, checks their SHA-256
and unpacks them into your cache folder (FETTLE_CACHE names another). A plugin of your own needs no installation: name its file
in FETTLE_PJRT_CPU or FETTLE_PJRT_CUDA. Those of a Python with jax-cuda13-pjrt are found by themselves.`)
	var wheels []string
	fs.Func("wheel", "wheel that you have as a `FILE`, instead of fetching it (repeatable)", func(s string) error {
		wheels = append(wheels, s)
		return nil
	})
	compileOnly := fs.Bool("compile-only", false, "of xla-cuda: what compiles for a GPU, without the libraries to compute on one")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	switch {
	case len(rest) == 1 && rest[0] == "list":
		return a.backendList()
	case len(rest) == 2 && slices.Contains([]string{"install", "remove"}, rest[0]):
		return a.backendSet(ctx, fs, rest[0], rest[1], *compileOnly, wheels)
	}
	return a.misuse(fs, "want list, or install or remove and one plugin")
}

// backendSet installs or removes a plugin.
func (a *App) backendSet(ctx context.Context, fs *flag.FlagSet, what, name string, compileOnly bool, wheels []string) int {
	if compileOnly && !strings.HasSuffix(name, "-compile") {
		name += "-compile"
	}
	set, err := plugin.SetOf(name)
	if err != nil {
		return a.misuse(fs, "%v", err)
	}
	if what == "remove" {
		freed, err := plugin.Remove(set)
		if err != nil {
			return a.fail("backend", err)
		}
		a.say("backend")("%s: %s bytes removed", set.Name, progress.Count(freed))
		return 0
	}
	view, err := progress.New("backend", a.Stderr, "")
	if err != nil {
		return a.fail("backend", err)
	}
	defer view.Close()
	i, err := plugin.Install(ctx, set, wheels, view)
	if err != nil {
		view.Close()
		return a.fail("backend", err)
	}
	view.Say("%s is here: %s", set.Name, i.Library)
	if !slices.Contains(backend.Names(), set.Backend) {
		view.Say("this build has no XLA: `make build-xla` makes bin/fettle with it")
	}
	return 0
}

func (a *App) backendList() int {
	for _, name := range backend.Known {
		state := "in this build"
		if !slices.Contains(backend.Names(), name) {
			state = "not in this build (`make build-xla`)"
		}
		if name != "go" {
			f, err := plugin.Find(name)
			if err != nil {
				state += "; " + err.Error()
			} else {
				state += fmt.Sprintf("; plugin %s (%s)", f.Path, f.Where)
			}
		}
		fmt.Fprintf(a.Stdout, "%-9s %s\n", name, state)
	}
	installed, err := plugin.List()
	if err != nil {
		return a.fail("backend", err)
	}
	for _, i := range installed {
		fmt.Fprintf(a.Stdout, "installed %s: %s MB in %s\n", i.Set, progress.Count(i.Bytes/1e6), i.Dir)
	}
	for _, s := range plugin.Sets() {
		if !slices.ContainsFunc(installed, func(i *plugin.Installed) bool { return i.Set == s.Name }) {
			fmt.Fprintf(a.Stdout, "to install %s: %d MB to fetch, %d MB on disk\n", s.Name, s.Download(), s.Disk)
		}
	}
	return 0
}
