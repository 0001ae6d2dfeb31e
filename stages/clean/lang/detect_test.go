package lang_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"fettle/internal/shared"
	"fettle/stages/clean/lang"
)

func TestDetect(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"too little to tell", "1 + 1 = 2!", ""},
		{"empty", "", ""},
		{"English", "The quick brown fox jumps over the lazy dog.", "en"},
		{"Chinese with names in Latin letters", "使用 kubectl get pods 命令列出所有 Pod", "zh"},
		{"Japanese by its kana", "次のページで新しいパスワードを選んでください", "ja"},
		{"Chinese beyond the basic block", "㐀㐁𠀀𠀁", "zh"},
		{"Ukrainian, not Russian", "Цей користувач не має дозволу і не може увійти", "uk"},
		{"Persian, not Arabic", "این کاربر باید یک رمز وارد کند", "fa"},
		{"documentation in English", "# tar\n\n> More on: <https://docs.example/de/fr/le>.\n\n- Remove a file:\n\n`tar --le --la de {{un}}`", "en"},
		{"documentation in Chinese", "# docker\n\n> 控制网络服务。\n\n`docker container inspect --format very long command`", "zh"},
		{"nothing but code", "`ls the of and`", ""},
		{"nothing but Chinese in code marks", "`列出文件`", "zh"},
		{"a call", "print('hello')", ""},
		{"an expression", "c = a + b; foo.bar(x[i]) --de std::la", ""},
		{"an address", "https://docs.example/le/la jean.de.la@exemple.fr", ""},
		{"a list of letters", "A) B) C. D# \"e\", l, d", ""},
		{"a name", "San Francisco", ""},
		{"words of no language", "hital hsecp qort", ""},
		{"placeholders alone", "[CN_MOBILE] [EMAIL] [CREDIT_CARD]", ""},
		{"Chinese after pii", "手机：[CN_MOBILE] 或 [CN_MOBILE]，邮箱：[EMAIL]", "zh"},
		{"short Chinese after pii", "电话[CN_LANDLINE]、[CN_MOBILE]", "zh"},
		{"Chinese about a program", "在 Microsoft Visual Studio Code 中安装 Python Extension Pack", "zh"},
		{"Japanese about a program", "Visual Studio Code の Extension を使う", "ja"},
		{"cut inside a character", string(make([]byte, 2047)) + "é", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := lang.Detect(c.in); got != c.want {
				t.Errorf("Detect(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

// TestGolden: the accuracy on short messages must lie where those of the known detectors lie (0.957 to 0.987).
func TestGolden(t *testing.T) {
	f, err := os.Open(shared.Path(t, "golden/clean/text/langid.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	total, right, wrong := 0, 0, map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var g struct{ ID, Lang, Text string }
		if err := json.Unmarshal(lines.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		total++
		if got := lang.Detect(g.Text); got == g.Lang {
			right++
		} else {
			wrong[g.Lang+" as "+got]++
			t.Logf("%s as %q: %q", g.ID, got, g.Text)
		}
	}
	accuracy := float64(right) / float64(total)
	t.Logf("accuracy %.4f, wrong %v", accuracy, wrong)
	if accuracy < 0.957 {
		t.Errorf("accuracy %.4f, want at least 0.957", accuracy)
	}
}

func BenchmarkDetect(b *testing.B) {
	text := ""
	for range 40 {
		text += "The quick brown fox jumps over the lazy dog and goes home. "
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		lang.Detect(text)
	}
}
