package retrieval

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Analysis turns text into index terms. The zero value keeps every word as it is, in lower case.
type Analysis struct {
	Stop bool // leave out Lucene's 33 English stop words
	Stem bool // drop the possessive 's and reduce English words by Porter's algorithm
}

// Lucene is the analysis of Lucene's English chain, with Chinese by characters and pairs.
var Lucene = Analysis{Stop: true, Stem: true}

var stopWords = func() map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(`a an and are as at be but by for if in into is it no not of on or such that the their
		then there these they this to was will with`) {
		set[w] = true
	}
	return set
}()

// Terms lists the terms of a text in order; of a run of Han characters first each character, then each pair.
func (a Analysis) Terms(text string) []string {
	var out []string
	for _, w := range segments(text) {
		if first, _ := utf8.DecodeRuneInString(w); han(first) {
			out = appendHan(out, w)
			continue
		}
		w = strings.ToLower(w)
		if a.Stem {
			w = dropPossessive(w)
		}
		if w == "" || a.Stop && stopWords[w] {
			continue
		}
		if a.Stem {
			w = Porter(w)
		}
		out = append(out, w)
	}
	return out
}

// dropPossessive removes a final 's, as Lucene's EnglishPossessiveFilter.
func dropPossessive(w string) string {
	for _, s := range []string{"'s", "’s", "＇s"} {
		w = strings.TrimSuffix(w, s)
	}
	return w
}

// han covers the unified ideographs, their extensions and the compatibility ideographs.
func han(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r >= 0xf900 && r <= 0xfaff || r >= 0x20000 && r <= 0x3ffff
}

func appendHan(out []string, run string) []string {
	chars := strings.Split(run, "")
	out = append(out, chars...)
	for i := 0; i+1 < len(chars); i++ {
		out = append(out, chars[i]+chars[i+1])
	}
	return out
}

// class is what the word rules of Unicode's UAX #29 need to know of a character.
type class byte

const (
	other  class = iota
	letter       // ALetter, and letters of scripts without spaces
	digit
	joiner    // ExtendNumLet: "_"
	midWord   // between letters: ":" "·"
	midNumber // between digits: "," ";"
	midBoth   // between either: "." "'" "’"
	mark      // combining: part of what is before it
	ideograph
)

func classOf(r rune) class {
	switch {
	case han(r):
		return ideograph
	case unicode.IsLetter(r) || unicode.Is(unicode.Nl, r):
		return letter
	case unicode.Is(unicode.Nd, r):
		return digit
	case unicode.Is(unicode.Pc, r):
		return joiner
	case unicode.Is(unicode.M, r) || r == 0x200d || r == 0x00ad:
		return mark
	}
	switch r {
	case ':', 0x00b7, 0x0387, 0x055f, 0x05f4, 0x2027, 0xfe13, 0xfe55, 0xff1a:
		return midWord
	case ',', ';', 0x037e, 0x0589, 0x060c, 0x060d, 0x066c, 0x07f8, 0x2044, 0xfe10, 0xfe14, 0xfe50, 0xfe54, 0xff0c, 0xff1b:
		return midNumber
	case '.', '\'', 0x2018, 0x2019, 0x2024, 0xfe52, 0xff07, 0xff0e:
		return midBoth
	}
	return other
}

// segments cuts text into words by UAX #29 and runs of Han characters; what is neither is left out.
func segments(text string) []string {
	var out []string
	runes := []rune(text)
	for i := 0; i < len(runes); {
		start := i
		switch classOf(runes[i]) {
		case ideograph:
			for i < len(runes) && han(runes[i]) {
				i++
			}
			out = append(out, string(runes[start:i]))
		case letter, digit, joiner:
			end, worded := word(runes, i)
			if worded {
				out = append(out, string(runes[start:end]))
			}
			i = end
		default:
			i++
		}
	}
	return out
}

// word finds the end of the word that begins at i, and whether it holds a letter or digit at all ("__" does not).
func word(runes []rune, i int) (end int, worded bool) {
	last := other
	for i < len(runes) {
		c := classOf(runes[i])
		switch c {
		case letter, digit:
			worded, last = true, c
		case joiner:
			last = c
		case mark:
		case midWord, midNumber, midBoth:
			next := other
			if i+1 < len(runes) {
				next = classOf(runes[i+1])
			}
			letters := last == letter && next == letter && c != midNumber
			digits := last == digit && next == digit && c != midWord
			if !letters && !digits {
				return i, worded
			}
		default:
			return i, worded
		}
		i++
	}
	return i, worded
}
