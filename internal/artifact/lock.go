package artifact

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Lock is the right to compute one key. The kernel takes it back when its process dies, however it dies.
type Lock struct{ file *os.File }

// Lock waits for the right to compute a key. While another process holds it, waiting is called once with that pid
// (0 when it cannot be read), which may be an orphan of a killed scheduler that is still computing.
func (s *Store) Lock(ctx context.Context, key16 string, waiting func(pid int)) (*Lock, error) {
	path := filepath.Join(s.Root, "work", key16+".lock")
	told := false
	for {
		lock, err := tryLock(path)
		if err == nil {
			return lock, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", key16, err)
		}
		if !told {
			told = true
			waiting(holder(path))
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the lock of %s: %w", key16, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// tryLock takes the lock now or fails with EWOULDBLOCK. The file may be removed by gc between open and flock: then the lock
// is on a file that nobody else will see, and it is taken again.
func tryLock(path string) (*Lock, error) {
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			file.Close()
			return nil, err
		}
		held, err1 := file.Stat()
		named, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(held, named) {
			file.Truncate(0)
			file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
			return &Lock{file: file}, nil
		}
		file.Close()
	}
}

func holder(path string) int {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(raw)))
	return pid
}

// Unlock gives the right back.
func (l *Lock) Unlock() {
	if l != nil {
		l.file.Close()
	}
}
