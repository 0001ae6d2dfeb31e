package format

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/config"
)

// Where answers are compared, loss: all is a fault, whichever shape gives them.
func TestLossOfComparedAnswers(t *testing.T) {
	tests := []struct {
		name  string
		shape Shape
		want  []string
	}{
		{"preference", &Preference{premise: usualPremise}, []string{"loss"}},
		{"kto", &KTO{premise: usualPremise}, []string{"loss"}},
		{"questions", &Questions{}, nil},
		{"questions", &Questions{Pairs: true}, []string{"loss"}},
		{"messages", &Messages{}, nil},
	}
	for _, tt := range tests {
		s := defaults()
		s.Loss, s.Shape = "all", config.Choice[Shape]{Name: tt.name, Value: tt.shape}
		var got []string
		s.Check(func(field, _ string) { got = append(got, field) })
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: faults\n%s", tt.name, diff)
		}
	}
}
