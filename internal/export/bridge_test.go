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

// Written finds the one file of a kind in an export.
func Written(dir, pattern string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		return "", err
	}
	return found[0], nil
}
