package model_test

import (
	"math"
	"testing"
)

// Angles per position of heads of 12 dimensions, as transformers 5.23 (torch 2.15) computes them in float32 for
// LlamaRotaryEmbedding. Rounded once at the end they would be off by up to 4e-7, which at position 100,000 is an angle.
func TestAnglesAreRoundedAsInTorch(t *testing.T) {
	tests := []struct {
		rope keys
		want []float64
	}{
		{keys{"rope_type": "default", "rope_theta": 1e4}, []float64{1, 0.2154434472322464, 0.04641588404774666, 0.009999999776482582, 0.002154434332624078, 0.00046415894757956266}},
		{keys{"rope_type": "linear", "rope_theta": 1e4, "factor": 3.7}, []float64{0.2702702581882477, 0.05822795629501343, 0.01254483312368393, 0.002702702535316348, 0.0005822795210406184, 0.00012544836499728262}},
		{keys{"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 500},
			[]float64{1, 0.11224619299173355, 0.0015845035668462515, 0.00017677668074611574, 1.9842507754219696e-05, 2.2272474780038465e-06}},
		{keys{"rope_type": "yarn", "rope_theta": 1e6, "factor": 4.0, "original_max_position_embeddings": 4096}, []float64{1, 0.09999999403953552, 0.006249999161809683, 0.0002500000118743628, 2.4999992092489265e-05, 2.5000008463393897e-06}},
		{keys{"rope_type": "longrope", "rope_theta": 1e4, "short_factor": []float64{1.05, 1.1, 1.3, 1.7, 2.1, 2.9}, "long_factor": []float64{2.05, 3.1, 4.3, 5.7, 6.1, 7.9}, "original_max_position_embeddings": 4096},
			[]float64{0.9523810148239136, 0.1958576887845993, 0.03570452705025673, 0.0058823530562222, 0.0010259211994707584, 0.00016005481302272528}},
	}
	for _, tt := range tests {
		cfg := parse(t, tiny("llama", keys{"head_dim": 12, "max_position_embeddings": 131072, "rope_parameters": tt.rope}))
		got, _ := cfg.Layers[0].Rope.InvFreq()
		for i, want := range tt.want {
			if math.Abs(got[i]/want-1) > 1.2e-7 { // one step of float32: torch's power is not always the nearest
				t.Errorf("%s, pair %d: %v, want %v", tt.rope["rope_type"], i, got[i], want)
			}
		}
	}
}
