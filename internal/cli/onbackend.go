package cli

import (
	"fettle/internal/backend"
	"fettle/internal/config"
)

// onBackend gives the settings that put every stage which computes on one backend; "" changes none.
func (a *App) onBackend(p *pipeline, name string) (sets []string) {
	file, err := config.Load(p.config)
	if name == "" || err != nil {
		return nil // a fault of the file is told where it is read for good
	}
	for _, s := range p.stages {
		if a.stage(s).Wants(file) != "" {
			sets = append(sets, s+".backend="+name)
		}
	}
	return sets
}

// prepare makes this process fit for what the stages will compute on, before anything is written: it may start anew.
func (a *App) prepare(p *pipeline, sets []string) {
	file, err := config.Load(p.config)
	if err != nil {
		return
	}
	raw, err := config.Set(file, sets)
	if err != nil {
		return
	}
	if file, err = config.Parse(p.config, raw); err != nil {
		return
	}
	var names []string
	for _, s := range p.stages {
		if name := a.stage(s).Wants(file); name != "" {
			names = append(names, name)
		}
	}
	backend.Prepare(names...)
}
