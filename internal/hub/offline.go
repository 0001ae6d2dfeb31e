package hub

import (
	"fmt"
	"slices"
	"strings"
)

// alreadyOffline is the directory itself, when it came from this source and is whole.
func (p *puller) alreadyOffline() *Record {
	r, err := ReadRecord(p.place.dir)
	if err != nil || r.Source != p.source.name() || !slices.Equal(r.Include, p.options.Include) ||
		p.source.Revision != r.Revision && p.source.Revision != r.Commit {
		return nil
	}
	if faults := r.Verify(p.place.dir); len(faults) > 0 {
		p.say("%s is damaged: %s", p.place.dir, strings.Join(faults, "; "))
		return nil
	}
	p.say("offline: %s is there already, whole: %s", p.place.dir, r.Commit)
	return r
}

// listOffline lists from the cache of the hub's client, and says what a model would need beside it.
func (p *puller) listOffline() error {
	if p.source.Hub != "hf" {
		return fmt.Errorf("%s: offline (HF_HUB_OFFLINE), and ModelScope's cache holds no digests to check against: go online once", p.source)
	}
	l, unsure, err := listCache(p.site, p.source)
	if err != nil {
		return fmt.Errorf("%s: offline (HF_HUB_OFFLINE): %w", p.source, err)
	}
	p.listing = l
	if len(p.options.Include) > 0 {
		return nil
	}
	var lacks []string
	has := func(name string) bool {
		return slices.ContainsFunc(l.Files, func(f File) bool { return f.Path == name })
	}
	if !has("config.json") && !has("adapter_config.json") {
		lacks = append(lacks, "config.json")
	}
	weights := weightsOf(l.Files)
	if !slices.ContainsFunc(l.Files, func(f File) bool { return weights(f.Path) && strings.HasSuffix(f.Path, ".safetensors") }) {
		lacks = append(lacks, "model.safetensors")
	}
	if len(lacks) == 0 {
		return nil
	}
	return fmt.Errorf("%s: offline (HF_HUB_OFFLINE), and commit %s in the cache lacks %s%s", p.source, l.Commit, strings.Join(lacks, ", "), noDigests(unsure))
}

func noDigests(unsure []string) string {
	if len(unsure) == 0 {
		return ""
	}
	return " (" + strings.Join(unsure, ", ") + ": no link to a blob, so no digest to check against)"
}

func (p *puller) missingOffline(files []File, missing []int) error {
	var names []string
	for _, i := range missing {
		names = append(names, files[i].Path)
	}
	return fmt.Errorf("%s: offline (HF_HUB_OFFLINE), and damaged in the cache: %s", p.source, strings.Join(names, ", "))
}
