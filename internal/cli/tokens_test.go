package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"fettle/internal/table"
	"fettle/internal/tokenizer"
)

// TestTokensInOrder: lines of every length, many at work, one line of ids for each in the order of the input.
func TestTokensInOrder(t *testing.T) {
	const base = "../../pipelines/quickstart/base"
	tok, err := tokenizer.Load(base)
	if err != nil {
		t.Fatal(err)
	}
	var in, want strings.Builder
	for i := range 3000 {
		text := strings.Repeat(fmt.Sprintf("Line %d, 第%d行 <|end|>. ", i, i), i%13)
		if i%1000 == 7 {
			text = strings.Repeat(text, 3000) // longer than a block
		}
		line, err := json.Marshal(map[string]any{"id": i, "text": text, "more": []int{1}})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&in, "%s\n", line)
		if i%50 == 0 {
			in.WriteString(" \n")
		}
		ids, err := json.Marshal(append([]int32{}, tok.Encode(text, tokenizer.Options{})...))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&want, "{\"n\":%d,\"ids\":%s}\n", strings.Count(string(ids), ",")+min(1, len(ids)-2), ids)
	}
	rows := write(t, "rows.jsonl", strings.TrimSuffix(in.String(), "\n"))
	code, got, stderr := fettle(t, "tokens", "-tokenizer", base, "-in", rows, "-ids")
	if code != 0 || got != want.String() {
		t.Errorf("exit %d, %d bytes of ids, want %d: %s", code, len(got), want.Len(), stderr)
	}
}

// TestTokensOfLines: a line is what encoding/json makes of it, on the quick way and off it; bytes that are no UTF-8 are refused, as tables refuse them.
func TestTokensOfLines(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{"text":"ab"}`, "bytes   2 "},
		{`{"x":{"text":"no"},"text":"é\u00e9\ud83d\ude42"}`, "bytes   8 "},
		{`{"text":"first","text":"last!"}`, "bytes   5 "},
		{"{\"text\":\"a\xffb\"}", "line 1: byte 11 (0xff) is no UTF-8"},
		{`{"text":"\ud800"}`, "bytes   3 "},
		{`{"text":null}`, "tokens  0"},
		{`{"txt":"a"}`, `line 1: no text in field "text"`},
		{`{"text":7}`, `line 1: no text in field "text"`},
		{`{"text":"a"} x`, "line 1: "},
		{`{"text":"a"`, "line 1: "},
		{`["text"]`, "line 1: "},
		{`{"text":"a","x":01}`, "line 1: "},
	} {
		_, stdout, stderr := fettle(t, "tokens", "-tokenizer", "../../pipelines/quickstart/base", "-in", write(t, "rows.jsonl", c.line+"\n"))
		if !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("%s: %q does not say %q", c.line, stdout+stderr, c.want)
		}
	}
}

// TestTokensOfALineTooLong: it ends the count with its number; what stands before it is counted, what is held stays small.
func TestTokensOfALineTooLong(t *testing.T) {
	long := `{"text":"` + strings.Repeat("a", table.MaxLine)
	for name, rest := range map[string]string{"whole": long + "\"}\n{\"text\":\"c\"}\n", "without an end": long + strings.Repeat("b", table.MaxLine)} {
		code, stdout, stderr := fettle(t, "tokens", "-tokenizer", "../../pipelines/quickstart/base", "-in", write(t, "rows.jsonl", "{\"text\":\"a\"}\n\n"+rest), "-ids")
		if want := "line 3: longer than 64 MiB"; code != 1 || !strings.Contains(stderr, want) || !strings.HasPrefix(stdout, `{"n":1,`) || strings.Count(stdout, "\n") != 1 {
			t.Errorf("%s: exit %d, %d lines of ids, %s", name, code, strings.Count(stdout, "\n"), stderr)
		}
	}
	code, _, stderr := fettle(t, "render", "-tokenizer", "../../pipelines/quickstart/base", "-in", write(t, "rows.jsonl", "\n"+long))
	if want := "line 2: longer than 64 MiB"; code != 1 || !strings.Contains(stderr, want) {
		t.Errorf("render: exit %d, %s", code, stderr)
	}
}
