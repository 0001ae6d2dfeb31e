package subword_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/tokenizer/subword"
)

// naive merges as the definition says: the pair of least rank, the leftmost of equals, until there is none.
func naive(word string, ranks map[[2]string]int) []string {
	parts := strings.Split(word, "")
	for {
		best, rank := -1, 0
		for i := range len(parts) - 1 {
			if r, ok := ranks[[2]string{parts[i], parts[i+1]}]; ok && (best < 0 || r < rank) {
				best, rank = i, r
			}
		}
		if best < 0 {
			return parts
		}
		parts = slices.Replace(parts, best, best+2, parts[best]+parts[best+1])
	}
}

// TestMergeEqualsDefinition: short words and long ones, which are merged in two ways, against the definition.
func TestMergeEqualsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		c := subword.BPEConfig{Vocab: map[string]int32{}}
		ranks := map[[2]string]int{}
		var tokens []string
		add := func(s string) {
			if _, ok := c.Vocab[s]; !ok {
				c.Vocab[s] = int32(len(tokens))
				tokens = append(tokens, s)
			}
		}
		for _, s := range []string{"a", "b", "c"} {
			add(s)
		}
		for range r.IntN(30) {
			pair := [2]string{tokens[r.IntN(len(tokens))], tokens[r.IntN(len(tokens))]}
			if _, ok := ranks[pair]; !ok && len(pair[0]+pair[1]) < 9 {
				add(pair[0] + pair[1])
				ranks[pair] = len(c.Merges)
				c.Merges = append(c.Merges, pair)
			}
		}
		model, err := subword.NewBPE(c)
		if err != nil {
			t.Fatal(err)
		}
		var s subword.Scratch
		for _, n := range []int{1, 2, 7, 47, 48, 49, 50, 120} {
			var word strings.Builder
			for range n {
				word.WriteByte("abc"[r.IntN(3)])
			}
			var got []string
			length := 0
			for _, p := range model.Encode(nil, word.String(), &s) {
				token, _ := model.Vocab().Token(p.ID)
				got = append(got, token)
				length += int(p.Len)
			}
			if diff := cmp.Diff(naive(word.String(), ranks), got); diff != "" || length != n {
				t.Fatalf("merges %v of %q, %d bytes (-want +got):\n%s", c.Merges, word.String(), length, diff)
			}
		}
	}
}

// TestRanks: tiktoken's ranks give what the merges they stand for give.
func TestRanks(t *testing.T) {
	ranks := map[string]int32{"ab": 256, "bc": 257, "abc": 258, "cab": 259}
	for b := range 256 {
		ranks[string([]byte{byte(b)})] = int32(b)
	}
	model, err := subword.NewRanks(ranks)
	if err != nil {
		t.Fatal(err)
	}
	var s subword.Scratch
	for _, c := range []struct {
		word string
		want []int32
	}{
		{"abc", []int32{258}}, {"abcd", []int32{258, 'd'}}, {"xcab", []int32{'x', 259}}, {"bcab", []int32{257, 256}}, {"\xff", []int32{255}},
	} {
		var got []int32
		for _, p := range model.Encode(nil, c.word, &s) {
			got = append(got, p.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.word, diff)
		}
	}
	if token, _ := model.Vocab().Token(' '); token != "Ġ" {
		t.Errorf("a space is spelled %q", token)
	}
	delete(ranks, "a")
	if _, err := subword.NewRanks(ranks); err == nil {
		t.Error("ranks without a byte were taken")
	}
}

func TestByteLevelAlphabet(t *testing.T) {
	var all strings.Builder
	for b := range 256 {
		all.WriteByte(byte(b))
	}
	spelled := subword.AppendRunes(nil, all.String())
	if got := string(subword.AppendRunes(nil, "a é\n")); got != "aĠÃ©Ċ" {
		t.Errorf("spelled %q", got)
	}
	back, ok := subword.AppendBytes(nil, string(spelled))
	if !ok || string(back) != all.String() {
		t.Error("the alphabet is not one to one")
	}
	if _, ok := subword.AppendBytes(nil, "中"); ok {
		t.Error("a rune outside of the alphabet has a byte")
	}
}

func TestBadMerges(t *testing.T) {
	for _, merge := range [][2]string{{"a", "x"}, {"x", "a"}, {"b", "a"}} {
		_, err := subword.NewBPE(subword.BPEConfig{Vocab: map[string]int32{"a": 0, "b": 1, "ab": 2}, Merges: [][2]string{{"a", "b"}, merge}})
		if err == nil || !strings.Contains(err.Error(), "merge 1") {
			t.Errorf("merge %v: error %v does not name it", merge, err)
		}
	}
}
