package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Installed is a set in the cache.
type Installed struct {
	Set     string            `json:"set"`
	Wheels  map[string]string `json:"wheels"` // file -> SHA-256
	Library string            `json:"library"`
	Size    int64             `json:"size"` // bytes of the library
	Bytes   int64             `json:"bytes"`
	Dir     string            `json:"-"`
}

const recordName = "installed.json"

// Home is the folder of all plugins: $FETTLE_CACHE/pjrt, else the user's cache folder for fettle.
func Home() (string, error) {
	if dir := os.Getenv("FETTLE_CACHE"); dir != "" {
		abs, err := filepath.Abs(dir)
		return filepath.Join(abs, "pjrt"), err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder: %w (FETTLE_CACHE names one)", err)
	}
	return filepath.Join(dir, "fettle", "pjrt"), nil
}

// folder is where a set lies: named after the version of its plugin, so that another version is another folder.
func (s Set) folder() (string, error) {
	home, err := Home()
	return filepath.Join(home, s.Name+"-"+s.Wheels[0].Version), err
}

// installed reads what Install wrote; an error that is os.ErrNotExist where the set is not there.
func installed(s Set) (*Installed, error) {
	dir, err := s.folder()
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, recordName))
	if err != nil {
		return nil, err
	}
	i := &Installed{Dir: dir}
	if err := json.Unmarshal(raw, i); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, recordName), err)
	}
	i.Library = filepath.Join(dir, filepath.FromSlash(i.Library))
	return i, nil
}

// check says whether the library is as long as it was.
func (i *Installed) check() error {
	info, err := os.Stat(i.Library)
	if err != nil || info.Size() != i.Size {
		return fmt.Errorf("plugin %s is damaged: `fettle backend remove %s`, then install it again", i.Library, i.Set)
	}
	return nil
}

// List gives what is installed.
func List() ([]*Installed, error) {
	var all []*Installed
	for _, s := range sets {
		i, err := installed(s)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

// Remove removes a set, with what an interrupted installation of it left, and says how many bytes that were; 0 = it was not there.
func Remove(s Set) (int64, error) {
	dir, err := s.folder()
	if err != nil {
		return 0, err
	}
	home := filepath.Dir(dir)
	paths := []string{dir}
	for _, w := range s.Wheels {
		paths = append(paths, filepath.Join(home, wheelsName, w.File))
	}
	var freed int64
	for _, path := range paths {
		freed += sizeOf(path)
		if err := os.RemoveAll(path); err != nil {
			return freed, fmt.Errorf("remove %s: %w", s.Name, err)
		}
	}
	return freed, nil
}

// sizeOf is how many bytes a file or a folder holds, 0 where there is none.
func sizeOf(path string) (n int64) {
	_ = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}
