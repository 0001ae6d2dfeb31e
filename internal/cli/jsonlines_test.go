package cli_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// What JSON lines may look like, and in what words a verb refuses the others: its own.
func TestJSONLines(t *testing.T) {
	const base = "../../pipelines/quickstart/base"
	const row = `{"text":"hi","messages":[{"role":"user","content":"hi"}],"input_ids":[1,2]}`
	for _, tt := range []struct {
		name, in string
		fault    string // "" = read as the plain row is
	}{
		{"plain", row + "\n", ""},
		{"no line end", row, ""},
		{"a byte order mark", "\ufeff" + row + "\n", ""},
		{"CRLF, and lines of white space", "\r\n" + row + "\r\n  \r\n\r\n", ""},
		{"UTF-16", "\xff\xfe" + strings.Join(strings.Split(row, ""), "\x00") + "\x00\n\x00", ""},
		{"no UTF-8", strings.Replace(row, "hi", "h\xff", 2), "byte 11 (0xff) is no UTF-8"},
		{"cut off", row[:len(row)-1], "the JSON ends in the middle"},
		{"a list", "[1, 2]", "it is a list, want a JSON object"},
		{"a text", `"hi"`, "it is a text, want a JSON object"},
		{"no JSON", "hi there", "it is no JSON object: byte 1 ('h') is out of place"},
		{"two on a line", row + row, "is out of place"},
	} {
		path := write(t, "in", tt.in)
		for _, args := range [][]string{{"tokens", "-tokenizer", base, "-ids", "-in", path}, {"render", "-tokenizer", base, "-in", path},
			{"logits", "-model", base, "-backend", "go", "-out", filepath.Join(t.TempDir(), "out"), "-in", path}} {
			code, out, stderr := fettle(t, args...)
			said := out + stderr
			want := map[string]string{"tokens": `{"n":2,"ids":[77,78]}`, "render": `"ids":[1,77,78,3]`, "logits": "backend go"}[args[0]]
			if tt.fault != "" {
				want = tt.fault
			}
			if (code == 0) != (tt.fault == "" || args[0] == "render") || !strings.Contains(strings.ReplaceAll(said, `\u0026`, "&"), want) {
				t.Errorf("%s, %s: exit %d, want %q in\n%s", args[0], tt.name, code, want, said)
			}
			if strings.Contains(said, "json:") || strings.Contains(said, "invalid character") {
				t.Errorf("%s, %s: %s", args[0], tt.name, said)
			}
		}
	}
	for name, want := range map[string]string{t.TempDir(): "is a folder: want a file of JSON lines", "nosuch": "-in nosuch: there is no such file"} {
		for _, verb := range [][]string{{"tokens", "-tokenizer", base}, {"render", "-tokenizer", base}, {"logits", "-model", base, "-out", "o"}} {
			if code, _, stderr := fettle(t, append(verb, "-in", name)...); code != 1 || !strings.Contains(stderr, want) {
				t.Errorf("%s: exit %d, want %q in %s", verb[0], code, want, stderr)
			}
		}
	}
}

// Every verb begins what it says with its name, and says what would be right.
func TestFlagFaults(t *testing.T) {
	for _, verb := range strings.Fields(`run plan show lineage diff verify gc list schema tokens render logits chat serve export inspect compile pull init up dagu backend doctor record version`) {
		if code, _, stderr := fettle(t, verb, "-nosuch"); code != 2 || !strings.HasPrefix(stderr, "fettle "+verb+": there is no flag -nosuch\n") {
			t.Errorf("%s: exit %d: %s", verb, code, stderr)
		}
	}
	for _, tt := range [][]string{
		{"gc", "-keep", "x", `fettle gc: -keep "x": want a whole number`},
		{"chat", "-temperature", "hot", `fettle chat: -temperature "hot": want a number`},
		{"chat", "-seed", "-1", `fettle chat: -seed "-1": want a whole number of at least 0`},
		{"serve", "-grace", "long", `fettle serve: -grace "long": want a time such as 90s or 2h`},
		{"gc", "-keep", `fettle gc: -keep needs a value behind it`},
		{"run", "p", "-set", "a", `fettle run: -set "a": want path.to.setting=value`},
		{"chat", "-model", "m", "-top-p", "7", "fettle chat: -top-p is 7: want 0 to 1"},
		{"serve", "-model", "m", "-slots", "0", "fettle serve: -slots 0, "},
		{"tokens", "train", "-in", "t", "-out", "o", "-vocab", "3", "fettle tokens train: -vocab is 3: the bytes and the special tokens alone are 256"},
		{"plan", "p", "-backend", "a", `fettle plan: -backend "a": want one of auto, go`},
	} {
		args, want := tt[:len(tt)-1], tt[len(tt)-1]
		if code, _, stderr := fettle(t, args...); code != 2 || !strings.HasPrefix(stderr, want) {
			t.Errorf("%v: exit %d, want %q in %s", args, code, want, stderr)
		}
	}
}

// What is not there, or something else than it should be, is said before any work.
func TestPathFaults(t *testing.T) {
	const base = "../../pipelines/quickstart/base"
	rows := write(t, "rows.jsonl", `{"text":"hi"}`)
	dir := t.TempDir()
	for _, tt := range [][]string{
		{"chat", "-model", "nosuch", "fettle chat: read model config: there is no folder nosuch"},
		{"chat", "-model", dir, " is no folder of a model: it has no config.json"},
		{"chat", "-model", rows, " is a file: want the folder of a model"},
		{"logits", "-model", base, "-in", rows, "-out", "nosuch/o", "fettle logits: -out nosuch/o: there is no folder nosuch"},
		{"logits", "-model", base, "-in", rows, "-out", dir, " is a folder: want a file"},
		{"logits", "-model", base, "-in", write(t, "empty", ""), "-out", dir + "/o", "fettle logits: the input has no line"},
		{"tokens", "train", "-in", "nosuch", "-out", dir + "/o", "fettle tokens train: -in nosuch: there is no such file"},
		{"render", "-template", dir, " is a folder: want a file (-tokenizer takes the folder of a model)"},
		{"render", "-template", rows + "#chat_template", "chat_template is no text"},
	} {
		args, want := tt[:len(tt)-1], tt[len(tt)-1]
		if code, _, stderr := fettle(t, args...); code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d, want %q in %s", args, code, want, stderr)
		}
	}
}
