package target_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/target"
)

func TestFind(t *testing.T) {
	tests := []struct {
		name  string
		title string
		gib   int64 // at least, of the memory that the driver reports
	}{
		{"a100", "NVIDIA A100-SXM4-80GB", 79},
		{"a6000", "NVIDIA RTX A6000", 47},
		{"h100", "NVIDIA H100 80GB HBM3", 79},
		{"h200", "NVIDIA H200 141GB HBM3e", 141},
	}
	var names []string
	for _, tt := range tests {
		names = append(names, tt.name)
		s, err := target.Find(tt.name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Name != tt.name || s.Title != tt.title || s.Memory>>30 != tt.gib {
			t.Errorf("Find(%q) = %q, %q, %d", tt.name, s.Name, s.Title, s.Memory)
		}
	}
	if diff := cmp.Diff(names, target.Names()); diff != "" {
		t.Error(diff)
	}
	if _, err := target.Find("abacus"); err == nil || !strings.Contains(err.Error(), "want one of a100, a6000, h100, h200") {
		t.Errorf("an unknown target gave %v", err)
	}
}
