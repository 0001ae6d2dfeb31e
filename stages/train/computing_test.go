package train

import (
	"testing"

	"github.com/gomlx/compute/dtypes"

	"fettle/internal/config"
	"fettle/internal/model"
)

func TestComputing(t *testing.T) {
	for _, tt := range []struct {
		compute, backend string
		want             dtypes.DType
	}{
		{"auto", "go", dtypes.Float32}, {"auto", "xla:cpu", dtypes.Float32}, {"auto", "xla:cuda", dtypes.BFloat16},
		{"bf16", "go", dtypes.BFloat16}, {"f32", "xla:cuda", dtypes.Float32},
	} {
		if got := (Settings{Compute: tt.compute}).computing(tt.backend); got != tt.want {
			t.Errorf("%s on %s: %s, want %s", tt.compute, tt.backend, got, tt.want)
		}
	}
}

// remat auto computes again where the layers would keep more than 1 GiB: of twice as many rows where a block is two answers, and
// of half as many bytes in bfloat16.
func TestRecomputes(t *testing.T) {
	m := newBench(t).model
	// A row and token takes as much as any other: rows are what decides.
	per := m.Footprint(model.Training{Rows: 1, Length: 32, Width: 4}).Kept
	fits := int(keepMost / per)
	dpo, _ := config.New[Objective]("dpo")
	for _, tt := range []struct {
		name  string
		remat string
		rows  int
		pairs bool
		dtype dtypes.DType
		want  bool
	}{
		{"on", "on", 1, false, dtypes.Float32, true},
		{"off", "off", 2 * fits, false, dtypes.Float32, false},
		{"fits", "auto", fits, false, dtypes.Float32, false},
		{"too much", "auto", fits + fits/8, false, dtypes.Float32, true},
		{"half as many bytes", "auto", fits + fits/8, false, dtypes.BFloat16, false},
		{"pairs that fit", "auto", fits / 2, true, dtypes.Float32, false},
		{"pairs, too much", "auto", fits/2 + fits/8, true, dtypes.Float32, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := defaults()
			s.Remat, s.Batch.Rows = tt.remat, tt.rows
			if tt.pairs {
				s.Objective = config.Choice[Objective]{Name: "dpo", Value: dpo}
			}
			if got := s.recomputes(m, 32, tt.dtype, false); got != tt.want {
				t.Errorf("computed again: %v, want %v", got, tt.want)
			}
		})
	}
}

// On a GPU blocks of queries are larger, so that more pairs of a query and a key are kept: what decides is the graph that runs.
func TestRecomputesByTheGraph(t *testing.T) {
	cfg, err := model.ParseConfig([]byte(`{"model_type": "llama", "hidden_size": 128, "intermediate_size": 16, "num_hidden_layers": 48, "num_attention_heads": 64,
		"num_key_value_heads": 64, "vocab_size": 64, "rms_norm_eps": 1e-5}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	const length = 300 // few enough for one block on a GPU, and for probabilities that are kept
	s := defaults()
	s.Remat, s.Batch.Rows = "auto", 1
	if s.recomputes(m, length, dtypes.Float32, false) || !s.recomputes(m, length, dtypes.Float32, true) {
		t.Errorf("%d rows: on processors %v, on a GPU %v", s.Batch.Rows, s.recomputes(m, length, dtypes.Float32, false), s.recomputes(m, length, dtypes.Float32, true))
	}
}

// The graph is what the settings say: a program that forgot one would train all the same.
func TestProgramObeysTheSettings(t *testing.T) {
	b := newBench(t)
	dpo, _ := config.New[Objective]("dpo")
	s := defaults()
	s.NEFTune, s.Remat, s.Objective = 5, "on", config.Choice[Objective]{Name: "dpo", Value: dpo}
	o, err := s.outline(b.model, 32, dtypes.BFloat16, b.backend.Backend)
	if err != nil {
		t.Fatal(err)
	}
	if o.noise != 5 || !o.remat || o.compute != dtypes.BFloat16 || o.pref == nil {
		t.Errorf("noise %v, computed again %v, in %s, preference %v", o.noise, o.remat, o.compute, o.pref)
	}
}
