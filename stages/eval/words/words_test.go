package words_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/stages/eval/words"
)

// The expected values of testdata/nltk.jsonl are the output of NLTK 3.10.4 on made-up texts.
func TestTokenizeEqualsNLTK(t *testing.T) {
	path := "testdata/nltk.jsonl"
	if more := os.Getenv("FETTLE_NLTK_CASES"); more != "" {
		path = more
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	bad := 0
	for lines := bufio.NewScanner(file); lines.Scan() && bad < 20; {
		var want struct {
			Text      string
			Sentences []string
			Words     []string
		}
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(nonNil(want.Sentences), nonNil(words.Sentences(want.Text))); diff != "" {
			bad++
			t.Errorf("sentences of %q (-want +got):\n%s", want.Text, diff)
		}
		if diff := cmp.Diff(nonNil(want.Words), nonNil(words.Tokenize(want.Text))); diff != "" {
			bad++
			t.Errorf("words of %q (-want +got):\n%s", want.Text, diff)
		}
	}
}

func nonNil(s []string) []string { return append([]string{}, s...) }

func TestLower(t *testing.T) {
	for in, want := range map[string]string{"İ": "i̇", "ΟΔΟΣ": "οδος", "Straße": "straße", "ABC": "abc", "北京Ａ": "北京ａ"} {
		if got := words.Lower(in); got != want {
			t.Errorf("Lower(%q) = %q, want %q", in, got, want)
		}
	}
}
