package aligned_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/tokenizer/aligned"
)

// places gives, for every byte of a text, the part of the original that it stands for.
func places(t aligned.Text, original string) []string {
	out := []string{}
	for i := range len(t.S) {
		start, end := t.Offsets(i, i+1)
		out = append(out, original[start:end])
	}
	return out
}

func TestTransform(t *testing.T) {
	for _, c := range []struct {
		name    string
		in      string
		changes []aligned.Change
		dropped int
		want    string
		places  []string
	}{
		{"replace", "ab", []aligned.Change{{Rune: 'x'}, {Rune: 'y'}}, 0, "xy", []string{"a", "b"}},
		{"add", "ab", []aligned.Change{{Rune: 'a'}, {Rune: 'x', By: 1}, {Rune: 'b'}}, 0, "axb", []string{"a", "a", "b"}},
		{"add at the start", "ab", []aligned.Change{{Rune: 'x', By: 1}, {Rune: 'a'}, {Rune: 'b'}}, 0, "xab", []string{"", "a", "b"}},
		{"remove", "abcd", []aligned.Change{{Rune: 'a', By: -2}, {Rune: 'd'}}, 0, "ad", []string{"a", "d"}},
		{"drop the first", "ébc", []aligned.Change{{Rune: 'b'}, {Rune: 'c'}}, 1, "bc", []string{"b", "c"}},
		{"wider", "a", []aligned.Change{{Rune: '中'}}, 0, "中", []string{"a", "a", "a"}},
		{"nothing left", "a", nil, 1, "", []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := aligned.Of(c.in, true)
			text.Transform(c.changes, c.dropped)
			if text.S != c.want {
				t.Errorf("%q, want %q", text.S, c.want)
			}
			if diff := cmp.Diff(c.places, places(text, c.in)); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
			blind := aligned.Of(c.in, false)
			if blind.Transform(c.changes, c.dropped); blind.S != c.want {
				t.Errorf("without offsets %q, want %q", blind.S, c.want)
			}
		})
	}
}

// TestSlices: places stay those of the whole text, through parts of parts and changes.
func TestSlices(t *testing.T) {
	const in = "say héllo wörld"
	text := aligned.Of(in, true)
	part := text.Slice(4, len(in))
	part.ReplaceString(" ", "▁")
	part = part.Slice(strings.Index(part.S, "▁"), len(part.S))
	part.Prepend("<")
	if part.S != "<▁wörld" {
		t.Fatalf("part is %q", part.S)
	}
	if diff := cmp.Diff([]string{" ", " ", " ", " ", "w", "ö", "ö", "r", "l", "d"}, places(part, in)); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	if start, end := part.Offsets(0, len(part.S)); in[start:end] != " wörld" {
		t.Errorf("the whole part is %q", in[start:end])
	}
}

// TestStart: where a part starts in the original text.
func TestStart(t *testing.T) {
	text := aligned.Of("  ab", true)
	for _, c := range []struct {
		name   string
		change func(*aligned.Text)
		want   int
	}{
		{"as it is", func(*aligned.Text) {}, 0},
		{"stripped", func(t *aligned.Text) { t.Strip(true, true) }, 2},
		{"filtered", func(t *aligned.Text) { t.Filter(func(r rune) bool { return r != ' ' }) }, 2},
		{"with a prefix", func(t *aligned.Text) { t.Prepend("▁") }, 0},
		{"a part", func(t *aligned.Text) { *t = t.Slice(1, 3) }, 1},
	} {
		changed := text
		if c.change(&changed); changed.Start() != c.want {
			t.Errorf("%s: starts at %d, want %d", c.name, changed.Start(), c.want)
		}
	}
	if part := aligned.Of("abc", false).Slice(2, 3); part.Start() != 2 {
		t.Errorf("without offsets an unchanged part starts at %d, want 2", part.Start())
	}
}

// TestBroken: one U+FFFD for each longest good start of a broken sequence, as Python and Rust have it.
func TestBroken(t *testing.T) {
	for _, c := range []struct {
		in, want string
		places   []string
	}{
		{"a\xffb", "a\ufffdb", []string{"a", "\xff", "\xff", "\xff", "b"}},
		{"\xe4\xbdx", "\ufffdx", []string{"\xe4\xbd", "\xe4\xbd", "\xe4\xbd", "x"}},
		{"\xf0\x9f\x98", "\ufffd", nil},
		{"\xf0\x9f\x98\xf0\x9f", "\ufffd\ufffd", nil},
		{"\xe0\x80", "\ufffd\ufffd", nil},           // overlong
		{"\xed\xa0\x80", "\ufffd\ufffd\ufffd", nil}, // surrogate
		{"\xf4\x90\x80", "\ufffd\ufffd\ufffd", nil}, // beyond U+10FFFF
		{"\xc3\xc3\xa9", "\ufffdé", nil},
		{"\x80\x80", "\ufffd\ufffd", nil},
		{"ok", "ok", nil},
	} {
		text := aligned.FromBytes(c.in, true)
		if text.S != c.want {
			t.Errorf("%q gives %q, want %q", c.in, text.S, c.want)
		}
		if got := aligned.Valid(c.in); got != c.want {
			t.Errorf("%q is valid as %q, want %q", c.in, got, c.want)
		}
		if c.places != nil {
			if diff := cmp.Diff(c.places, places(text, c.in)); diff != "" {
				t.Errorf("places in %q (-want +got):\n%s", c.in, diff)
			}
		}
	}
}

// charsMap is a table of two entries, "a" -> "x" and "ab" -> "yz", as a double array laid out by hand: a unit's children are at
// its place XOR its offset XOR their label.
func charsMap() []byte {
	units := make([]uint32, 256)
	units[0] = 128 << 10 // the root
	a := 128 ^ uint32('a')
	units[a] = 2<<10 | 1<<8 | 'a' // its value is where the label is 0
	units[a^2] = 1 << 31          // place 0 of the blob
	ab := a ^ 2 ^ 'b'
	units[ab] = 4<<10 | 1<<8 | 'b'
	units[ab^4] = 1<<31 | 2 // place 2
	data := []byte{0, 4, 0, 0}
	for _, u := range units {
		data = append(data, byte(u), byte(u>>8), byte(u>>16), byte(u>>24))
	}
	return append(data, "x\x00yz\x00"...)
}

func TestCharsMap(t *testing.T) {
	m, err := aligned.NewCharsMap(charsMap())
	if err != nil {
		t.Fatal(err)
	}
	text := aligned.Of("cabd", true)
	m.ApplyLongest(&text)
	if text.S != "cyzd" {
		t.Errorf("longest replacements give %q", text.S)
	}
	text = aligned.Of("cabd", true)
	m.Apply(&text)
	if text.S != "cxbd" {
		t.Errorf("replacements of clusters give %q", text.S)
	}
	for _, broken := range [][]byte{nil, {1}, {8, 0, 0, 0, 1}, {0, 0, 0, 0}} {
		if _, err := aligned.NewCharsMap(broken); err == nil {
			t.Errorf("table %v was taken", broken)
		}
	}
}

// TestForms: with offsets and without, the forms are those of Unicode 9.
func TestForms(t *testing.T) {
	for _, c := range []struct {
		name     string
		form     aligned.Form
		in, want string
	}{
		{"composes", aligned.NFC, "e\u0301", "\u00e9"},
		{"composes over marks of another class", aligned.NFC, "a\u0323\u0301", "\u1ea1\u0301"},
		{"sorts marks", aligned.NFC, "q\u0307\u0323", "q\u0323\u0307"},
		{"does not compose over the same class", aligned.NFC, "q\u0301\u0301e", "q\u0301\u0301e"},
		{"leaves excluded compositions apart", aligned.NFC, "\u0958", "\u0915\u093c"},
		{"composes Hangul", aligned.NFC, "\u1112\u1161\u11ab", "\ud55c"},
		{"decomposes Hangul", aligned.NFD, "\ud55c", "\u1112\u1161\u11ab"},
		{"replaces by what is compatible", aligned.NFKC, "\ufb01\u2460\uff21", "fi1A"},
		{"does not know the era Reiwa", aligned.NFKC, "\u32ff", "\u32ff"},
		{"does not know marks of Unicode 14", aligned.NFC, "e\u0898\u0301", "e\u0898\u0301"},
	} {
		for _, offsets := range []bool{true, false} {
			text := aligned.Of(c.in, offsets)
			if text.Form(c.form); text.S != c.want {
				t.Errorf("%s, offsets %v: %+q gives %+q, want %+q", c.name, offsets, c.in, text.S, c.want)
			}
		}
	}
}
