package backend_test

import (
	"strings"
	"testing"

	"fettle/internal/backend"
)

func TestOpen(t *testing.T) {
	tests := []struct{ name, resolved, why string }{
		{"go", "go", "as the settings ask"},
		{"auto", "", "backend "}, // whatever works here: in a build with XLA, what is installed
		{"", "", "backend "},
	}
	for _, tt := range tests {
		b, err := backend.Open(tt.name)
		if err != nil {
			t.Fatal(err)
		}
		if tt.resolved == "" {
			if tt.resolved, err = backend.Resolve(tt.name); err != nil {
				t.Fatal(err)
			}
		}
		if b.Name != tt.resolved || !strings.Contains(b.Why, tt.why) || strings.Contains(b.Why, "\n") {
			t.Errorf("Open(%q) = %q, %q", tt.name, b.Name, b.Why)
		}
	}
	if _, err := backend.Open("abacus"); err == nil || !strings.Contains(err.Error(), "want one of") {
		t.Errorf("an unknown name gave %v", err)
	}
}
