package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// cached names the places where a hub's own client may have put a file. Only its digest decides whether it is taken.
func cached(site Site, s Source, commit string, f File) []string {
	local := filepath.FromSlash(f.Path)
	if s.Hub == "modelscope" {
		return cachedByModelScope(site, s, commit, local)
	}
	folder := hfFolder(site, s)
	places := []string{filepath.Join(folder, "snapshots", commit, local)}
	if name := first(f.SHA256, f.Git); hexSHA1.MatchString(name) || hexSHA256.MatchString(name) {
		places = append(places, filepath.Join(folder, "blobs", name)) // brought for another commit
	}
	return places
}

// cachedByModelScope: modelscope-hub keeps what it brought under the revision's name; modelscope before it wrote dots in names as
// "___", under hub/ unless MODELSCOPE_CACHE was set, and at first without models/ in between.
func cachedByModelScope(site Site, s Source, commit, local string) (places []string) {
	owner, name, _ := strings.Cut(s.Repo, "/")
	for _, revision := range []string{commit, first(s.Revision, "master")} {
		places = append(places, filepath.Join(site.Cache, "models", owner+"--"+name, "snapshots", filepath.FromSlash(revision), local))
	}
	mangled := filepath.Join(owner, strings.ReplaceAll(name, ".", "___"), local)
	for _, below := range []string{"models", "hub/models", "", "hub"} {
		places = append(places, filepath.Join(site.Cache, below, mangled))
	}
	return places
}

// hfFolder is models--owner--name of huggingface_hub's cache: refs/BRANCH, blobs/ETAG, snapshots/COMMIT/FILE -> ../../blobs/ETAG.
func hfFolder(site Site, s Source) string {
	return filepath.Join(site.Cache, "models--"+strings.ReplaceAll(s.Repo, "/", "--"))
}

// listCache lists a snapshot of huggingface_hub's cache without a hub. The name of a file's blob is its digest; files that are
// no links to blobs have none and are returned as unsure.
func listCache(site Site, s Source) (l *Listing, unsure []string, err error) {
	folder, commit := hfFolder(site, s), first(s.Revision, "main")
	if raw, err := os.ReadFile(filepath.Join(folder, "refs", filepath.FromSlash(commit))); err == nil {
		commit = strings.TrimSpace(string(raw))
	}
	root := filepath.Join(folder, "snapshots", commit)
	if !fullCommit.MatchString(commit) {
		return nil, nil, fmt.Errorf("the cache %s does not know %s", folder, s)
	}
	l = &Listing{Commit: commit, License: cardOf(root)}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		info, err := os.Stat(path)
		target, linkErr := os.Readlink(path)
		f := File{Path: name}
		switch base := filepath.Base(target); {
		case err != nil || linkErr != nil:
			unsure = append(unsure, name)
			return nil
		case hexSHA256.MatchString(base):
			f.SHA256, f.Size = base, info.Size()
		case hexSHA1.MatchString(base):
			f.Git, f.Size = base, info.Size()
		default:
			unsure = append(unsure, name)
			return nil
		}
		l.Files = append(l.Files, f)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("the cache %s does not hold commit %s", folder, commit)
	}
	return l, unsure, err
}
