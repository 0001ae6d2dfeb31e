package target

import (
	"fmt"
	"os"

	"fettle/internal/backend/plugin"
)

// Plugin finds XLA's CUDA plugin: the path given, else the one that plugin.FindCompiler finds.
func Plugin(path string) (string, error) {
	if path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("CUDA plugin: %w", err)
		}
		return path, nil
	}
	found, err := plugin.FindCompiler()
	return found.Path, err
}
