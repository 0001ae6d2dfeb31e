package cli_test

import (
	"os"
	"strings"
	"testing"
)

// Lines in, answers out; the same seed gives the same talk.
func TestChatVerb(t *testing.T) {
	talk := func(args ...string) string {
		in, err := os.Open(write(t, "said", "list files\n\n/new\nlist\\\nfiles\n/quit\nnever said\n"))
		if err != nil {
			t.Fatal(err)
		}
		stdin := os.Stdin
		os.Stdin = in
		defer func() { os.Stdin = stdin; in.Close() }()
		code, out, stderr := fettle(t, append([]string{"chat", "-model", "../../pipelines/quickstart/base", "-max-tokens", "6", "-backend", "go"}, args...)...)
		if code != 0 || strings.Count(out, "\n") < 2 {
			t.Fatalf("exit %d: %q %s", code, out, stderr)
		}
		return out
	}
	if a, b := talk(), talk("-top-k", "3"); a != b {
		t.Errorf("at temperature 0 nothing is drawn: %q, then %q", a, b)
	}
	if a, b := talk("-temperature", "1", "-seed", "3"), talk("-temperature", "1", "-seed", "3"); a != b {
		t.Errorf("seed 3 says %q, then %q", a, b)
	}
}
