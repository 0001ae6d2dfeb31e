package units_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/stages/clean/units"
)

func TestCut(t *testing.T) {
	cases := []struct {
		name, in string
		kind     units.Kind
		want     []string
	}{
		{"English", "It’s 10 o'clock, NOW!", units.Latin, []string{"it", "s", "10", "o", "clock", "now"}},
		{"what is not ASCII is left out", "na\u200bïve café", units.Latin, []string{"nave", "caf"}},
		{"lower case of odd letters", "\u212Aelvin İ", units.Latin, []string{"kelvin", "i"}},
		{"words of any script", "Привет, МИР! ﬁn", units.Words, []string{"привет", "мир", "fin"}},
		{"Chinese", "你好，Ａ1。\u3000b㈱", units.Chars, []string{"你", "好", "a", "1", "b", "株"}},
		{"half-width kana is joined", "ｶﾞx", units.Chars, []string{"ガ", "x"}},
		{"a mark joins the letter before", "e\u0301你", units.Chars, []string{"é", "你"}},
		{"nothing", "!!! ...", units.Latin, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var u units.Units
			u.Cut("left over from before", units.Latin)
			u.Cut(c.in, c.kind)
			var got []string
			for i := range u.Len() {
				got = append(got, string(u.Gram(i, 1)))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestKindOf(t *testing.T) {
	cases := []struct {
		in   string
		want units.Kind
	}{
		{"", units.Latin}, {"plain English", units.Latin}, {"für Käse", units.Latin}, {"Привет мир", units.Words}, {"한국어 문장", units.Words},
		{"使用 kubectl get pods 命令", units.Chars}, {"ประเทศไทย", units.Chars}, {"カタカナ", units.Chars},
		{"The city of Beijing (北) is the capital of a country", units.Latin},
	}
	for _, c := range cases {
		if got := units.KindOf(c.in); got != c.want {
			t.Errorf("KindOf(%q) = %v, want %v", c.in, got, c.want)
		}
	}
}
