package model

import "testing"

// Blocks cover all queries once, each with the keys up to its last query; a GPU's are few and of one size but the last.
func TestBlocks(t *testing.T) {
	for _, tt := range []struct {
		seq, window int
		large       bool
		most, count int
	}{
		{64, 0, false, 64, 1}, {65, 0, false, 64, 2}, {2048, 0, false, 256, 8}, {8192, 0, false, 256, 32},
		{64, 0, true, 64, 1}, {512, 0, true, 512, 1}, {513, 0, true, 257, 2}, {2048, 0, true, 512, 4}, {8192, 0, true, 512, 16}, {2048, 100, true, 512, 4},
	} {
		list := blocks(tt.seq, tt.window, tt.large)
		if len(list) != tt.count {
			t.Errorf("%+v: %d blocks", tt, len(list))
		}
		at := 0
		for _, b := range list {
			first := 0
			if tt.window > 0 {
				first = max(0, at-tt.window+1)
			}
			if b.q0 != at || b.q1-b.q0 > tt.most || b.k0 != first || b.k1 != b.q1 {
				t.Errorf("%+v: block %+v", tt, b)
			}
			at = b.q1
		}
		if at != tt.seq {
			t.Errorf("%+v: blocks end at %d", tt, at)
		}
	}
}
