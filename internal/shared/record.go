package shared

import (
	"fmt"
	"os"
	"testing"
)

// Differs notes how far a test found a value from its reference, for the table of docs/parity.md: one line in the file that
// FETTLE_PARITY names, none without it.
func Differs(t testing.TB, table, row, column string, d float64) {
	note(t, fmt.Sprintf("%s\t%s\t%s\tmax\t%g\n", table, row, column, d))
}

// Equals notes that a test found a value equal to its reference, or not.
func Equals(t testing.TB, table, row, column string, equal bool) {
	n := 0
	if equal {
		n = 1
	}
	note(t, fmt.Sprintf("%s\t%s\t%s\tequal\t%d\n", table, row, column, n))
}

func note(t testing.TB, line string) {
	t.Helper()
	path := os.Getenv("FETTLE_PARITY")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(line); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
