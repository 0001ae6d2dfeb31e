package format

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePage(t *testing.T) {
	text := "# tar\n\n> Archiving utility.\n\n- [c]reate an archive:\n\n`tar cf {{target.tar}} {{file}}`\n\n- no code here\n\n* Run a block:\n```sh\nmake\nmake install\n```\n\n`orphan`\n"
	got := parsePage(text)
	want := page{title: "tar", items: []item{{"[c]reate an archive:", "tar cf {{target.tar}} {{file}}"}, {"Run a block:", "make\nmake install"}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(page{}, item{})); diff != "" {
		t.Error(diff)
	}
}

func TestTidyWhat(t *testing.T) {
	tests := map[string]string{
		"[c]reate an archive and write it to a [f]ile:": "create an archive and write it to a file",
		"E[x]tract it:":                  "Extract it",
		"创建存档并将其写入文件：":                   "创建存档并将其写入文件",
		"List `*.html` in [a-z] order:":  "List *.html in [a-z] order",
		"Use [long option] of brackets:": "Use [long option] of brackets",
		"unclosed [x":                    "unclosed [x",
	}
	for in, want := range tests {
		if got := tidyWhat(in); got != want {
			t.Errorf("tidyWhat(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	tests := []struct{ in, text, bones string }{
		{"tar cf {{path/to/target.tar}} {{a b ...}}", "tar cf <path/to/target.tar> <a b ...>", "tar cf <> <>"},
		{"tar {{[-C|--directory]}} {{dir}} .", "tar -C <dir> .", "tar -C <> ."},
		{"tar cf {{目标文件.tar}}", "tar cf <目标文件.tar>", "tar cf <>"},
		{"awk '{print {{$1}}}'", "awk '{print <$1}>'", "awk '{print <>'"},
		{"no end {{x", "no end {{x", "no end {{x"},
		{"plain", "plain", "plain"},
	}
	for _, tc := range tests {
		text, bones := placeholders(tc.in)
		if text != tc.text || bones != tc.bones {
			t.Errorf("placeholders(%q) = %q, %q; want %q, %q", tc.in, text, bones, tc.text, tc.bones)
		}
	}
}
