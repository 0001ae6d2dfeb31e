package model_test

import (
	"testing"

	"fettle/internal/model"
)

func TestPeriod(t *testing.T) {
	full, window, rope := model.Layer{}, model.Layer{Window: 8}, &model.Rope{Dim: 4}
	tests := []struct {
		name   string
		layers []model.Layer
		want   int
	}{
		{"all alike", []model.Layer{full, full, full}, 1},
		{"one", []model.Layer{full}, 1},
		{"windows in turn", []model.Layer{window, full, window, full, window}, 2},
		{"position codes that are equal", []model.Layer{{Rope: rope}, {Rope: &model.Rope{Dim: 4}}}, 1},
		{"never repeats", []model.Layer{full, window, window}, 3},
	}
	for _, tt := range tests {
		if got := (&model.Config{Layers: tt.layers}).Period(); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
