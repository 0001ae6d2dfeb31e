package shared

import (
	"fmt"
	"testing"
)

// Parity notes how far a test found us from a reference: docs/parity.sh gathers what tests note into a page. Without
// FETTLE_PARITY, a file to append to, it does nothing. Failing is the test's own.
func Parity(t testing.TB, group, name, quantity string, difference, allowed float64) {
	t.Helper()
	note(t, fmt.Sprintf("%s\t%s\t%s\t%.1e\t%.1e\n", group, name, quantity, difference, allowed))
}
