package dagu

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Version is the Dagu that this program was tried with. Other 1.30 releases are taken too; 2.x has other YAML keys.
const (
	Version       = "1.30.2"
	series        = "1.30."
	sourceVersion = "1.30.3" // in tools/go.mod
)

// ErrNone means that there is no Dagu yet.
var ErrNone = errors.New("dagu is not installed")

// Program is an installed Dagu.
type Program struct {
	Path    string
	Version string
	root    string // of the project
	base    string // what every DAG inherits: set by Setup
}

func (p *Program) String() string { return fmt.Sprintf("Dagu %s at %s", p.Version, p.Path) }

// Home is the folder that holds everything of Dagu in a project.
func Home(root string) string { return filepath.Join(root, ".dagu") }

// Find looks for Dagu in the project's .dagu, then on PATH.
func Find(root string) (*Program, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("find Dagu: %w", err)
	}
	own := filepath.Join(Home(root), "bin", "dagu")
	candidates := []string{own}
	if path, err := exec.LookPath("dagu"); err == nil {
		candidates = append(candidates, path)
	}
	var other []string
	for _, path := range candidates {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		v, err := ask(path)
		if err != nil {
			other = append(other, fmt.Sprintf("%s: %v", path, err))
			continue
		}
		if !strings.HasPrefix(v, series) {
			other = append(other, fmt.Sprintf("%s is version %s, want %sx", path, v, series))
			continue
		}
		return &Program{Path: path, Version: v, root: root}, nil
	}
	if len(other) > 0 {
		return nil, fmt.Errorf("%w (%s)", ErrNone, strings.Join(other, "; "))
	}
	return nil, ErrNone
}

func ask(path string) (string, error) {
	out, err := exec.Command(path, "version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ask for the version: %w", err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v"), nil
}
