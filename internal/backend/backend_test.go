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

// What auto was resolved to is opened by its name, and the line still says why auto took it.
func TestOpenAs(t *testing.T) {
	resolved, err := backend.Resolve(backend.Auto)
	if err != nil {
		t.Fatal(err)
	}
	for setting, asked := range map[string]bool{backend.Auto: false, "": false, resolved: true} {
		b, err := backend.OpenAs(setting, resolved)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Finalize()
		if b.Name != resolved || strings.HasSuffix(b.Why, "as the settings ask") != asked {
			t.Errorf("OpenAs(%q, %q) = %q, %q", setting, resolved, b.Name, b.Why)
		}
	}
}
