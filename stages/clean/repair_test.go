package clean_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/stages/clean"
)

func TestUnicode(t *testing.T) {
	cases := []struct{ name, form, in, want string }{
		{"composes", "nfc", "e\u0301a", "éa"},
		{"keeps Chinese punctuation", "nfc", "你好，世界！（１２３）\u3000。", "你好，世界！（１２３）\u3000。"},
		{"nfkc folds it", "nfkc", "你好，１", "你好,1"},
		{"removes what nobody sees", "nfc", "\ufeffa\u200bb\u2060c\u00add\x00e\x7f", "abcde"},
		{"line ends become \\n", "nfc", "a\r\nb\rc\u2028d\u0085e\vf", "a\nb\nc\nd\ne\nf"},
		{"keeps joined emoji", "nfc", "👩\u200d💻 👨\u200d👩\u200d👧", "👩\u200d💻 👨\u200d👩\u200d👧"},
		{"keeps the joiners of Persian and Hindi", "nfc", "می\u200cخواهم क्\u200dष", "می\u200cخواهم क्\u200dष"},
		{"but not between Latin letters", "nfc", "a\u200cb\u200dc", "abc"},
		{"removes overrides", "nfc", "user\u202egnp.exe", "usergnp.exe"},
		{"removes hidden tags, keeps a flag", "nfc", "a\U000E0041\U000E0042 🏴\U000E0067\U000E0062\U000E007F", "a 🏴\U000E0067\U000E0062\U000E007F"},
		{"leaves the form alone", "none", "e\u0301\u200b", "e\u0301"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, (&clean.Unicode{Form: c.form}).Clean(c.in)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestUnicodeGolden: texts without invisible characters become exactly what Python's unicodedata makes of them.
func TestUnicodeGolden(t *testing.T) {
	type forms struct {
		ID   string `json:"id"`
		Text string `json:"text"`
		NFC  string `json:"NFC"`
		NFKC string `json:"NFKC"`
	}
	n := 0
	for _, g := range golden[forms](t, "text/unicode.jsonl") {
		if (&clean.Unicode{Form: "none"}).Clean(g.Text) != g.Text {
			continue
		}
		n++
		got := forms{g.ID, g.Text, (&clean.Unicode{Form: "nfc"}).Clean(g.Text), (&clean.Unicode{Form: "nfkc"}).Clean(g.Text)}
		if diff := cmp.Diff(g, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if n < 100 {
		t.Errorf("only %d texts were compared", n)
	}
}

func TestWhitespace(t *testing.T) {
	cases := []struct {
		name     string
		op       clean.Whitespace
		in, want string
	}{
		{"ends of lines and of the text", clean.Whitespace{BlankLines: 1}, "\n \n a \t\n\n\n\nb\u3000\n\n", " a\n\nb"},
		{"keeps indentation", clean.Whitespace{BlankLines: 1}, "def f():\n\n    return  1", "def f():\n\n    return  1"},
		{"no blank lines", clean.Whitespace{}, "a\n\n\nb", "a\nb"},
		{"odd spaces", clean.Whitespace{}, "a\u00a0b\u2009c\u3000d", "a b c\u3000d"},
		{"collapses inside a line", clean.Whitespace{Collapse: true}, "  a   b\t\tc", "  a b c"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := c.op.Clean(c.in)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if again := c.op.Clean(got); again != got {
				t.Errorf("a second time it gives %q", again)
			}
		})
	}
}

func TestPII(t *testing.T) {
	op := &clean.PII{Types: []string{"email", "cn_mobile"}}
	got := run(t, op, 2, texts("写信给a@b.cn，电话13912345678。", "IP 8.8.8.8 stays"))
	want := []fate{{ID: "a", Text: "写信给[EMAIL]，电话[CN_MOBILE]。"}, {ID: "b", Text: "IP 8.8.8.8 stays"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if again := run(t, op, 1, texts(got[0].Text)); again[0].Text != got[0].Text {
		t.Errorf("masked twice: %q", strings.TrimSpace(again[0].Text))
	}
}
