package cli

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"fettle/internal/artifact"
	"fettle/internal/backend"
	"fettle/internal/config"
	"fettle/internal/dagu"
	"fettle/internal/disk"
	"fettle/internal/stage"
)

// pipeline is a DAG file and its stages' settings.
type pipeline struct {
	name   string
	root   string
	dag    string // pipelines/NAME.yaml
	config string // pipelines/NAME/stages.yaml
	store  *artifact.Store
	stages []string // the stages that its DAG runs, in their order
}

func (a *App) pipeline(name, storeFlag string) (*pipeline, error) {
	root, store, err := project(storeFlag)
	if err != nil {
		return nil, err
	}
	p := &pipeline{name: name, root: root, store: store, dag: filepath.Join(root, "pipelines", name+".yaml"), config: filepath.Join(root, "pipelines", name, "stages.yaml")}
	var missing []string
	for _, path := range []string{"pipelines/" + name + ".yaml", "pipelines/" + name + "/stages.yaml"} {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			missing = append(missing, path)
		}
	}
	switch {
	case len(missing) == 2 || strings.ContainsAny(name, `/\`):
		return nil, usageError(fmt.Sprintf("no pipeline %q: there is %s", name, strings.Join(pipelineNames(root), ", ")))
	case len(missing) == 1:
		return nil, usageError(fmt.Sprintf("pipeline %s is two files, and %s is missing", name, missing[0]))
	}
	names, err := dagu.Stages(p.dag)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if a.stage(name) != nil {
			p.stages = append(p.stages, name)
		}
	}
	return p, nil
}

func pipelineNames(root string) []string {
	var names []string
	for _, f := range disk.Glob(root, "pipelines/*.yaml") {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".yaml"))
	}
	sort.Strings(names)
	return names
}

func (a *App) stage(name string) stage.Stage {
	for _, s := range a.Stages {
		if s.Title() == name {
			return s
		}
	}
	return nil
}

// settings are the repeatable flags -set dotted.path=value.
func settings(fs *flag.FlagSet) *[]string {
	var sets []string
	fs.Func("set", "change a setting for this run: `train.optimizer.lr=1e-4`, repeatable", func(s string) error {
		if !strings.Contains(s, "=") {
			return errors.New("want path.to.setting=value")
		}
		sets = append(sets, s)
		return nil
	})
	return &sets
}

// resolve gives the settings file of a run: the pipeline's own, or a changed copy in the run's folder. Its folder is named
// like the pipeline, which is how a stage knows what it belongs to.
func (p *pipeline) resolve(sets []string, run string) (string, error) {
	if len(sets) == 0 {
		return p.config, nil
	}
	file, err := config.Load(p.config)
	if err != nil {
		return "", err
	}
	raw, err := config.Set(file, sets)
	if err != nil {
		return "", err
	}
	path := filepath.Join(p.store.RunDir(run), p.name, "stages.yaml")
	return path, stage.WriteFile(path, raw)
}

// check holds every section of a settings file to its stage before any work: all faults at once, those of a -set as it was typed.
func (a *App) check(p *pipeline, path string, sets []string) error {
	file, err := config.Load(path)
	if err != nil {
		return err
	}
	errs := []error{file.CheckSections(stage.Sections...)}
	samples := map[string]any{}
	for _, name := range p.stages {
		samples[name] = a.stage(name).Sample()
		errs = append(errs, file.Decode(name, samples[name]))
	}
	if err := errors.Join(errs...); err != nil {
		return config.Typed(err, sets)
	}
	errs = nil
	if _, _, err := backend.Said(); err != nil {
		errs = append(errs, usageError(err.Error()))
	}
	for _, name := range p.stages {
		if err := a.stage(name).GoesOn(file, p.root, p.name, p.store); err != nil {
			errs = append(errs, config.Typed(err, sets))
		}
		for _, s := range config.Paths(samples[name]) {
			target := s.Value
			if !filepath.IsAbs(target) {
				target = filepath.Join(p.root, target)
			}
			_, err := os.Stat(target)
			if errors.Is(err, fs.ErrNotExist) {
				err = stage.Absent(s, p.root)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %s.%s: %w", path, name, s.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// usageError is what a user typed wrong: exit 2.
type usageError string

func (e usageError) Error() string { return string(e) }

// settingsFault prints faults of settings, which exit with 2; anything else exits with 1.
func (a *App) settingsFault(verb string, err error) int {
	code := a.fail(verb, err)
	var faults *config.Faults
	if errors.As(err, &faults) || errors.As(err, new(usageError)) {
		return 2
	}
	return code
}
