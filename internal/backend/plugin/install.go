package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"fettle/internal/disk"
	"fettle/internal/progress"
)

const wheelsName = "wheels"

// Install brings a set into the cache and gives what is there then. given are wheels that the user has as files; the user's
// pip fetches the others. A set that is there already is left as it is.
func Install(ctx context.Context, s Set, given []string, tell *progress.Reporter) (*Installed, error) {
	if err := s.fits(); err != nil {
		return nil, err
	}
	home, err := Home()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(home, wheelsName), 0o755); err != nil {
		return nil, fmt.Errorf("install %s: %w", s.Name, err)
	}
	unlock, err := lock(filepath.Join(home, ".lock"))
	if err != nil {
		return nil, fmt.Errorf("install %s: %w", s.Name, err)
	}
	defer unlock()
	if i, err := installed(s); err == nil && i.check() == nil {
		return i, nil
	}
	b := &bringing{set: s, home: home, tell: tell, files: map[string]string{}}
	if err := b.run(ctx, given); err != nil {
		return nil, fmt.Errorf("install %s: %w", s.Name, err)
	}
	return installed(s)
}

// lock keeps other installations of this user out; it waits for them.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

// bringing is one installation.
type bringing struct {
	set   Set
	home  string
	tell  *progress.Reporter
	files map[string]string // wheel -> path of a file with the right digest
}

func (b *bringing) run(ctx context.Context, given []string) error {
	for _, path := range given {
		w, err := b.set.match(path)
		if err != nil {
			return err
		}
		b.files[w.File] = path
	}
	var missing []Wheel
	for _, w := range b.set.Wheels {
		path := filepath.Join(b.home, wheelsName, w.File)
		switch {
		case b.files[w.File] != "":
		case digest(path) == w.SHA256:
			b.tell.Say("%s is here already", w.File)
			b.files[w.File] = path
		default:
			missing = append(missing, w)
		}
	}
	if err := b.room(missing); err != nil {
		return err
	}
	if err := b.fetch(ctx, missing); err != nil {
		return err
	}
	return b.unpack(ctx)
}

// room says what is to come, and refuses where the disk has no place for it.
func (b *bringing) room(missing []Wheel) error {
	fetch := Set{Wheels: missing}.Download()
	b.tell.Say("%s: %d MB to fetch (%d of %d wheels), %d MB unpacked, in %s", b.set.Name, fetch, len(missing), len(b.set.Wheels), b.set.Disk, b.home)
	if b.set.Note != "" {
		b.tell.Say("%s", b.set.Note)
	}
	free, err := disk.Free(b.home) // where that is not known the writing itself will tell
	if need := fetch + b.set.Disk; err == nil && free/1e6 < need {
		return fmt.Errorf("%s has %d MB free, %d are needed (FETTLE_CACHE names another place)", b.home, free/1e6, need)
	}
	return nil
}

// unpack makes the folder beside its place and renames it: it is there whole or not at all.
func (b *bringing) unpack(ctx context.Context) error {
	final, err := b.set.folder()
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(b.home, ".unpack-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	record := Installed{Set: b.set.Name, Library: b.set.Library, Wheels: map[string]string{}}
	for _, w := range b.set.Wheels {
		b.tell.Say("unpacks %s", w.File)
		if err := unzip(ctx, b.files[w.File], tmp); err != nil {
			return fmt.Errorf("unpack %s: %w", w.File, err)
		}
		record.Wheels[w.File] = w.SHA256
	}
	info, err := os.Stat(filepath.Join(tmp, filepath.FromSlash(b.set.Library)))
	if err != nil {
		return fmt.Errorf("the wheels hold no plugin: %w", err)
	}
	record.Size, record.Bytes = info.Size(), sizeOf(tmp)
	raw, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(filepath.Join(tmp, recordName), append(raw, '\n'), 0o644), os.Chmod(tmp, 0o755), os.RemoveAll(final)); err != nil {
		return err
	}
	if err := os.Rename(tmp, final); err != nil {
		return err
	}
	return b.tidy()
}

// tidy removes the wheels that were fetched for this, and the smaller set where the greater one came.
func (b *bringing) tidy() error {
	for _, w := range b.set.Wheels {
		if err := os.RemoveAll(filepath.Join(b.home, wheelsName, w.File)); err != nil {
			return err
		}
	}
	if b.set.Name != CUDA {
		return nil
	}
	small, err := SetOf(CUDACompile)
	if err == nil {
		_, err = Remove(small)
	}
	return err
}
