package swar_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"fettle/internal/tokenizer/swar"
)

// mask is what a rule says of each byte, one by one.
func mask(word []byte, meant func(byte) bool) (m uint64) {
	for i, c := range word {
		if meant(c) {
			m |= 0x80 << (8 * i)
		}
	}
	return m
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// Every byte in every place, between neighbours that would carry into it or borrow from it.
func TestMasks(t *testing.T) {
	ranges := [][2]byte{{'a', 'z'}, {'0', '9'}, {0, 0}, {0, 0x7f}, {0x7f, 0x7f}, {' ', '~'}}
	for _, around := range []byte{0, 'a', 'z', 'z' + 1, 0x7f, 0x80, 0xff} {
		for at := range 8 {
			for c := range 256 {
				word := []byte{around, around, around, around, around, around, around, around}
				word[at] = byte(c)
				x := swar.Load("x"+string(word), 1)
				if want := binary.LittleEndian.Uint64(word); x != want {
					t.Fatalf("Load of % x: %x, want %x", word, x, want)
				}
				if got, want := swar.NotLetter(x), mask(word, func(c byte) bool { return !letter(c) }); got != want {
					t.Fatalf("NotLetter of % x: %x, want %x", word, got, want)
				}
				for _, r := range ranges {
					want := mask(word, func(c byte) bool { return c < r[0] || c > r[1] })
					if got := swar.Outside(x, r[0], r[1]); got != want {
						t.Fatalf("Outside %x-%x of % x: %x, want %x", r[0], r[1], word, got, want)
					}
				}
			}
		}
	}
}

// The first byte of a mask counts, whatever comes behind it.
func TestBefore(t *testing.T) {
	for n := range 8 {
		for _, behind := range []uint64{0, swar.Highs} {
			if got := swar.Before(0x80<<(8*n) | behind<<(8*n)); got != n {
				t.Errorf("%d bytes before the mark, not %d", got, n)
			}
		}
	}
	if got := swar.Before(0); got != 8 {
		t.Errorf("%d bytes before no mark, want 8", got)
	}
}

// A run ends where it does byte by byte, wherever it begins and however long it is.
func TestLetters(t *testing.T) {
	const signs = "abcdefgzAZMnopq@[`{ 0\x00\x7f\x80\xc3\xa9\xff"
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		b := make([]byte, r.IntN(40))
		for i := range b {
			b[i] = signs[r.IntN(12)]
			if r.IntN(12) == 0 {
				b[i] = signs[r.IntN(len(signs))]
			}
		}
		s := string(b)
		from := r.IntN(len(s) + 1)
		want := from
		for want < len(s) && letter(s[want]) {
			want++
		}
		if got := swar.Letters(s, from); got != want {
			t.Fatalf("Letters(%q, %d) = %d, want %d", s, from, got, want)
		}
	}
}
