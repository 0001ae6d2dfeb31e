package cli_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A model that says nothing is said to have said nothing: here every token ends its turn.
func TestChatTellsOfSilence(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../pipelines/quickstart/base")); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range 4096 {
		ids = append(ids, strconv.Itoa(i))
	}
	config := `{"eos_token_id": [` + strings.Join(ids, ",") + `]}`
	if err := os.WriteFile(filepath.Join(dir, "generation_config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"list files\n", strings.Repeat("a ", 40_000) + "\n"} { // the second is longer than a line may be for some
		in, err := os.Open(write(t, "said", line))
		if err != nil {
			t.Fatal(err)
		}
		stdin := os.Stdin
		os.Stdin = in
		code, out, stderr := fettle(t, "chat", "-model", dir, "-backend", "go")
		os.Stdin = stdin
		in.Close()
		if code != 0 || !strings.Contains(out, "(the model ended its answer at once") && !strings.Contains(out, "(the conversation fills the model") {
			t.Errorf("exit %d: %q %s", code, out, stderr)
		}
	}
}

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
