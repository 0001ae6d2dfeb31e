package export

import (
	"path/filepath"

	"fettle/internal/backend"
)

// GateAfter writes an export, lets damage change it, and runs the parity gate on what is left.
func GateAfter(s *Source, b backend.Backend, o Options, dir string, damage func(dir string) error) error {
	w, _, err := s.writer(o)
	if err != nil {
		return err
	}
	if _, err := w.write(dir); err != nil {
		return err
	}
	if err := damage(dir); err != nil {
		return err
	}
	g := &gate{source: s, trained: s, backend: b}
	return g.run(w, dir)
}

// WithFree runs f as on a disk with so many bytes free.
func WithFree(n int64, f func()) {
	real := free
	defer func() { free = real }()
	free = func(string) (int64, error) { return n, nil }
	f()
}

// Written finds the one file of a kind in an export.
func Written(dir, pattern string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		return "", err
	}
	return found[0], nil
}
