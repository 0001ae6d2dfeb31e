package generate_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/generate"
)

// bytewise decodes ids that are bytes, as byte-level tokenizers do.
func bytewise(ids []int32) string {
	raw := make([]byte, len(ids))
	for i, id := range ids {
		raw[i] = byte(id)
	}
	return strings.ToValidUTF8(string(raw), "\ufffd")
}

func TestText(t *testing.T) {
	tests := []struct {
		name, in string
		stop     []string
		want     []string // what comes with each token, then the rest; empty pieces left out
		stopped  bool
	}{
		{name: "plain", in: "abc", want: []string{"a", "b", "c"}},
		{name: "characters come whole", in: "né列🙂", want: []string{"n", "é", "列", "🙂"}},
		{name: "half a character at the end", in: "a\xe5\x88", want: []string{"a", "\ufffd"}},
		{name: "bytes that are no character", in: "a\xffb", want: []string{"a", "\ufffdb"}},
		{name: "a stop string over several tokens", in: "one END two", stop: []string{"END"}, want: []string{"o", "n", "e", " "}, stopped: true},
		{name: "only the beginning of one", in: "aEN", stop: []string{"END"}, want: []string{"a", "EN"}},
		{name: "a beginning within a beginning", in: "aab", stop: []string{"ab"}, want: []string{"a"}, stopped: true},
		{name: "the earlier of two", in: "xyz", stop: []string{"z", "y"}, want: []string{"x"}, stopped: true},
		{name: "inside a character's bytes", in: "列出", stop: []string{"出"}, want: []string{"列"}, stopped: true},
		{name: "an empty stop string is none", in: "ab", stop: []string{""}, want: []string{"a", "b"}},
		{name: "longer than what is looked back at", in: strings.Repeat("é", 40), want: strings.Split(strings.Repeat("é", 40), "")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := generate.NewText(bytewise, test.stop)
			var got []string
			put := func(s string) {
				if s != "" {
					got = append(got, s)
				}
				if !utf8.ValidString(s) {
					t.Errorf("piece %q cuts a character", s)
				}
			}
			for _, b := range []byte(test.in) {
				put(text.Add(int32(b)))
			}
			put(text.Flush())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if text.Stopped() != test.stopped || text.Size() != len(strings.Join(got, "")) {
				t.Errorf("stopped %v at %d, want %v at %d", text.Stopped(), text.Size(), test.stopped, len(strings.Join(got, "")))
			}
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("né END 列"), "END")
	f.Fuzz(func(t *testing.T, in []byte, stop string) {
		if !utf8.ValidString(stop) {
			return // JSON holds none
		}
		text := generate.NewText(bytewise, []string{stop})
		var got strings.Builder
		ids := make([]int32, len(in))
		for i, b := range in {
			ids[i] = int32(b)
			got.WriteString(text.Add(ids[i]))
		}
		got.WriteString(text.Flush())
		want := bytewise(ids)
		if at := strings.Index(want, stop); at >= 0 && stop != "" {
			want = want[:at]
		}
		if !strings.Contains(want, "\ufffd") && want != got.String() { // broken bytes may be joined otherwise in pieces
			t.Errorf("got %q, want %q", got.String(), want)
		}
	})
}
