package stage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/artifact"
	"fettle/internal/config"
)

// before takes in what another pipeline made at this stage, where the settings go on from it.
func (d Def[S]) before(p *plan[S], file *config.File, inv *invocation) error {
	var a *artifact.Artifact
	var err error
	if ref, given := inv.in[d.Name]; !given {
		a, err = d.goesOn(file, p.root, p.pipeline, p.store)
	} else if a, err = p.store.Get(ref); err != nil {
		err = fmt.Errorf("input %s: %w", d.Name, err)
	}
	if a == nil || err != nil {
		return err
	}
	p.in[d.Name], p.parts.Inputs[d.Name] = a, a.Manifest.Digest
	return nil
}

// GoesOn says what is wrong with the pipeline that the settings go on from: before the stages whose work would be in vain.
func (d Def[S]) GoesOn(file *config.File, root, pipeline string, store *artifact.Store) error {
	_, err := d.goesOn(file, root, pipeline, store)
	return err
}

// goesOn finds what the pipeline named by the settings made last; nil where they name none.
func (d Def[S]) goesOn(file *config.File, root, pipeline string, store *artifact.Store) (*artifact.Artifact, error) {
	name := d.after(file)
	if name == "" {
		return nil, nil
	}
	if ring := d.ring(root, pipeline, name); ring != nil {
		return nil, settingsError{file.Fault(d.Name, "after", endless(ring), "")}
	}
	ref, err := LastArtifact(store, name, d.Name)
	if err != nil {
		if names := others(root, pipeline); !slices.Contains(names, name) {
			want := "want another pipeline of this project: " + strings.Join(names, ", ")
			if len(names) == 0 {
				want = "want another pipeline of this project, and there is none"
			}
			return nil, settingsError{file.Fault(d.Name, "after", want, config.Nearest(name, names))}
		}
		return nil, fmt.Errorf("%s.after: no run of pipeline %s has made %s yet: `fettle run %s` comes first", d.Name, name, d.Name, name)
	}
	a, err := store.Get(ref)
	if err != nil && !errors.Is(err, artifact.ErrNone) {
		return nil, fmt.Errorf("%s.after: %w", d.Name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s.after: what the last run of pipeline %s made is gone (%w): `fettle run %s` makes it again", d.Name, name, err, name)
	}
	return a, nil
}

// after is the pipeline that a settings file goes on from; "" = none, or settings with faults.
func (d Def[S]) after(file *config.File) string {
	settings := d.Defaults()
	if d.After == nil || file.Decode(d.Name, &settings) != nil {
		return ""
	}
	return d.After(settings)
}

// ring follows the pipelines that go on from one another and returns those between a name and itself; nil where the road ends.
func (d Def[S]) ring(root, pipeline, name string) []string {
	road := []string{pipeline}
	for name != "" {
		first := slices.Index(road, name)
		if road = append(road, name); first >= 0 {
			return road[first:]
		}
		file, err := config.Load(filepath.Join(root, "pipelines", name, "stages.yaml"))
		if err != nil {
			return nil // what is wrong there is told when it runs
		}
		name = d.after(file)
	}
	return nil
}

// endless says what would be right where a road of pipelines comes back to one of its own.
func endless(ring []string) string {
	if len(ring) == 2 {
		return fmt.Sprintf("want a pipeline that begins somewhere: %s goes on from itself and would never be done", ring[0])
	}
	return fmt.Sprintf("want a pipeline that begins somewhere: %s go on from one another and would never be done", strings.Join(ring, " after "))
}

// others are the pipelines of the project but one: their settings' folders.
func others(root, pipeline string) (names []string) {
	entries, _ := os.ReadDir(filepath.Join(root, "pipelines")) // none to name where it cannot be read
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(root, "pipelines", e.Name(), "stages.yaml")); err == nil && e.Name() != pipeline {
			names = append(names, e.Name())
		}
	}
	return names
}
