package target

import (
	"errors"
	"fmt"
	"os"
)

// Plugin finds XLA's CUDA plugin: the path given, else the one that FETTLE_PJRT_CUDA names.
func Plugin(path string) (string, error) {
	if path == "" {
		path = os.Getenv("FETTLE_PJRT_CUDA")
	}
	if path == "" {
		return "", errors.New("no CUDA plugin: `fettle backend install cuda -compile-only` gets one (257 MB), or FETTLE_PJRT_CUDA names it")
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("CUDA plugin: %w", err)
	}
	return path, nil
}
