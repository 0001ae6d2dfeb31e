// Package backendtest opens the backend that tests compute on: FETTLE_TEST_BACKEND, else go. So the same tests run on every
// backend: `FETTLE_TEST_BACKEND=xla:cpu go test -tags xla ./...`.
package backendtest

import (
	"cmp"
	"os"
	"testing"

	"fettle/internal/backend"
)

// Name is the backend that tests compute on.
func Name() string { return cmp.Or(os.Getenv("FETTLE_TEST_BACKEND"), "go") }

// Open opens it.
func Open(t testing.TB) backend.Backend {
	t.Helper()
	b, err := backend.Open(Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}
