package pii_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/shared"
	"fettle/stages/clean/pii"
)

type golden struct {
	ID        string `json:"id"`
	Text      string `json:"text"`
	Spans     []mark `json:"spans"`
	Negatives []mark `json:"negatives"`
}

type mark struct {
	Start int    `json:"start"` // code points
	End   int    `json:"end"`
	Type  string `json:"type"`
	Value string `json:"value"`
	Why   string `json:"why"`
}

func (m mark) String() string { return fmt.Sprintf("%s %q", m.Type, m.Value) }

func TestGolden(t *testing.T) {
	raw, err := os.Open(shared.Path(t, "golden/clean/pii.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for dec := json.NewDecoder(raw); dec.More(); {
		var g golden
		if err := dec.Decode(&g); err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, s := range pii.Scan(g.Text) {
			m := mark{utf8.RuneCountInString(g.Text[:s.Start]), utf8.RuneCountInString(g.Text[:s.End]), s.Type, g.Text[s.Start:s.End], ""}
			got = append(got, fmt.Sprintf("%v [%d,%d)", m, m.Start, m.End))
			for _, n := range g.Negatives {
				if n.Type == m.Type {
					t.Errorf("%s %q: found %v, which is none: %s", g.ID, g.Text, m, n.Why)
				}
			}
		}
		for _, m := range g.Spans {
			want = append(want, fmt.Sprintf("%v [%d,%d)", m, m.Start, m.End))
		}
		if len(g.Negatives) > 0 {
			continue
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %q: (-want +got)\n%s", g.ID, g.Text, diff)
		}
	}
}

func TestScan(t *testing.T) {
	cases := []struct {
		name, in string
		want     []string
	}{
		{"Han on both sides", "请拨13912345678或写a@b.cn给我", []string{`cn_mobile "13912345678"`, `email "a@b.cn"`}},
		{"a sentence ends behind it", "Mail a@b.com. Or 10.1.2.3.", []string{`email "a@b.com"`, `ipv4 "10.1.2.3"`}},
		{"number inside an address", "13912345678@qq.com", []string{`email "13912345678@qq.com"`}},
		{"port and prefix length", "8.8.8.8:53 10.0.0.0/8", []string{`ipv4 "8.8.8.8"`, `ipv4 "10.0.0.0"`}},
		{"URL literal", "http://[2001:db8::1]:80/", []string{`ipv6 "2001:db8::1"`}},
		{"slices and scopes", "a[::2] x[1::2] std::dec a::b", nil},
		{"MAC address", "00:1a:2b:3c:4d:5e", nil},
		{"version", "v1.2.3.4 and 1.2.3.4-rc1", nil},
		{"country with area in brackets", "+44 (0)20 7946 0958", []string{`phone_intl "+44 (0)20 7946 0958"`}},
		{"landline with country", "+86-10-62751234", []string{`phone_intl "+86-10-62751234"`}},
		{"arithmetic", "a+12345678901 1+2", nil},
		{"number in a UUID", "123e4567-e89b-12d3-a456-13912345678a", nil},
		{"full-width e-mail", "ａ＠ｂ．ｃｏｍ", []string{`email "ａ＠ｂ．ｃｏｍ"`}},
		{"word with a prefix", "sk-learn-contrib-extensions-for-everyone", nil},
		{"invalid UTF-8", "\xff13912345678\xff", []string{`cn_mobile "13912345678"`}},
		{"lower-case check character", "44030519900815628x", []string{`cn_id "44030519900815628x"`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, s := range pii.Scan(c.in) {
				got = append(got, mark{Type: s.Type, Value: c.in[s.Start:s.End]}.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{"", "+", "(+86)", "京A", "a@b.", "::ffff:", "１３９\xff", "4111-1111-", "sk-", "(010)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, s := range pii.Scan(text) {
			if s.Start < last || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("span %+v after %d in %q", s, last, text)
			}
			last = s.End
		}
	})
}
