package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/artifact"
	"fettle/internal/disk"
	"fettle/internal/export"
	"fettle/internal/modeldir"
)

// find sets model and adapter to what an artifact of the train stage holds: model/, or an adapter and the base it names.
func (e *exporting) find(root string, store *artifact.Store, art *artifact.Artifact) error {
	note, err := noteOf(store, art)
	if err != nil {
		return err
	}
	e.base = note.Name
	if art.Has("model/config.json") {
		e.model = art.Path("model")
		return nil
	}
	if e.options.Format == export.BNB { // the base alone, as the adapter saw it
		raw, err := json.Marshal(art.Manifest.Notes["quant"])
		if err == nil {
			err = json.Unmarshal(raw, &e.options.Recipe)
		}
		if err != nil {
			return fmt.Errorf("%s does not say how its base was quantised: %w", art.Ref, err)
		}
	} else if e.adapter, err = e.findAdapter(art); err != nil {
		return err
	}
	e.model, err = modeldir.Open(root, note, store.DigestPath) // refused when it is no longer what was trained on
	return err
}

// noteOf reads which model the format stage named: the artifact's own inputs lead there.
func noteOf(store *artifact.Store, art *artifact.Artifact) (modeldir.Note, error) {
	for _, in := range art.Manifest.Inputs {
		made, err := store.Get(in.Ref)
		if err != nil {
			return modeldir.Note{}, err
		}
		if note, err := modeldir.FromNotes(made.Manifest.Notes); err == nil {
			return note, nil
		}
	}
	return modeldir.Note{}, errors.New("no input of the artifact names a model: export what the train stage made")
}

func (e *exporting) findAdapter(art *artifact.Artifact) (string, error) {
	var seeds []string
	for _, f := range art.Manifest.Data {
		if name, ok := strings.CutSuffix(f.Path, "/adapter_config.json"); ok {
			seeds = append(seeds, strings.TrimPrefix(name, "adapters/seed-"))
		}
	}
	want := fmt.Sprint(e.seed)
	switch {
	case len(seeds) == 0:
		return "", errors.New("the artifact holds no model and no adapter: export what the train stage made")
	case e.seed == 0 && len(seeds) == 1:
		want = seeds[0]
	case e.seed == 0:
		return "", fmt.Errorf("it holds adapters of several seeds: choose one with -seed: %s", strings.Join(seeds, ", "))
	case !slices.Contains(seeds, want):
		return "", fmt.Errorf("it holds no adapter of seed %d: want one of %s", e.seed, strings.Join(seeds, ", "))
	}
	return art.Path("adapters/seed-" + want), nil
}

// cardOf gathers for the model card what the store knows: the data behind the artifact and what was measured with it.
func cardOf(store *artifact.Store, ref artifact.Ref, art *artifact.Artifact) (export.Card, error) {
	c := export.Card{Artifact: string(ref), Key: art.Manifest.Key}
	for _, in := range art.Manifest.Inputs {
		c.Data = append(c.Data, fmt.Sprintf("%s, data digest sha256:%s", in.Ref, in.Digest))
	}
	slices.Sort(c.Data)
	all, err := store.List()
	if err != nil {
		return c, err
	}
	for _, r := range all {
		if !strings.HasPrefix(string(r), "eval/") {
			continue
		}
		if made, err := store.Get(r); err == nil && reads(made, ref) {
			c.Evaluation = append(c.Evaluation, figures(made, r)...)
		}
	}
	c.Run = runOf(store, ref)
	return c, nil
}

func reads(a *artifact.Artifact, ref artifact.Ref) bool {
	for _, in := range a.Manifest.Inputs {
		if in.Ref == ref {
			return true
		}
	}
	return false
}

// figures are an evaluation's results, a line each, sorted.
func figures(a *artifact.Artifact, ref artifact.Ref) []string {
	var report struct {
		Figures map[string]json.RawMessage `json:"figures"`
	}
	if json.Unmarshal(a.Manifest.Report, &report) != nil {
		return nil
	}
	var lines []string
	for name, value := range report.Figures {
		lines = append(lines, fmt.Sprintf("%s: `%s` (%s)", name, value, ref))
	}
	slices.Sort(lines)
	return lines
}

// runOf is the last run whose lock file names the artifact, "" when there is none.
func runOf(store *artifact.Store, ref artifact.Ref) (run string) {
	for _, path := range disk.Glob(store.Root, "runs/*/run.json") { // sorted by name
		if raw, err := os.ReadFile(path); err == nil && strings.Contains(string(raw), string(ref)) {
			run = filepath.Base(filepath.Dir(path))
		}
	}
	return run
}
