package shared

import (
	"fmt"
	"os"
	"testing"
)

// Parity notes how far a test found us from a reference: docs/parity.sh gathers what tests note into a page. Without
// FETTLE_PARITY, a file to append to, it does nothing. Failing is the test's own.
func Parity(t testing.TB, group, name, quantity string, difference, allowed float64) {
	t.Helper()
	path := os.Getenv("FETTLE_PARITY")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "%s\t%s\t%s\t%.1e\t%.1e\n", group, name, quantity, difference, allowed); err != nil {
		t.Fatal(err)
	}
}
