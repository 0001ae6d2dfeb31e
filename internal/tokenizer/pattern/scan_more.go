package pattern

// o200k: words split where a lower-case run is followed by an upper-case one.
func (t *classes) o200k(s string, i int) int {
	bits, w := t.at(s, i)
	lead := 0
	if bits&(letter|number) == 0 && s[i] != '\r' && s[i] != '\n' {
		lead = w
	}
	for _, match := range []func(string, int) int{t.lowerWord, t.upperWord} {
		if lead > 0 {
			if end := match(s, i+lead); end > 0 {
				return end + contractionFold(s[end:])
			}
		}
		if end := match(s, i); end > 0 {
			return end + contractionFold(s[end:])
		}
	}
	if bits&number != 0 {
		return t.digits(s, i, 3)
	}
	if bits&space == 0 {
		return newlines(s, t.runWithout(s, i+w, space|letter|number), true)
	}
	if next, nw := t.at(s, i+w); s[i] == ' ' && nw > 0 && next&(space|letter|number) == 0 {
		return newlines(s, t.runWithout(s, i+w+nw, space|letter|number), true)
	}
	return t.whiteLines(s, i)
}

// lowerWord is [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+ at s[i]; 0 where it does not match.
func (t *classes) lowerWord(s string, i int) int {
	last, end := 0, i // last: the end of the last rune of the first run that the second run could take
	for {
		bits, w := t.at(s, end)
		if bits&(upper|caseless|mark) == 0 {
			break
		}
		end += w
		if bits&(caseless|mark) != 0 {
			last = end
		}
	}
	if e := t.run(s, end, lower|caseless|mark); e > end {
		return e
	}
	return last
}

// upperWord is [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]* at s[i]; 0 where it does not match.
func (t *classes) upperWord(s string, i int) int {
	end := t.run(s, i, upper|caseless|mark)
	if end == i {
		return 0
	}
	return t.run(s, end, lower|caseless|mark)
}

// deepseek is the third Split of DeepSeek V3 and later; numbers and control characters match only before a word.
func (t *classes) deepseek(s string, i int) int {
	bits, w := t.at(s, i)
	if c := s[i]; c < 0x80 && bits&(punct|symbol) != 0 {
		if j := asciiLetters(s, i+1); j > i+1 {
			return j
		}
	}
	if bits&(letter|mark) != 0 {
		return t.run(s, i+w, letter|mark)
	}
	next, nw := t.at(s, i+w)
	if bits&(punct|symbol) != 0 {
		return newlines(s, t.run(s, i+w, punct|symbol), false)
	}
	if next&(letter|mark) != 0 && s[i] != '\r' && s[i] != '\n' {
		return t.run(s, i+w+nw, letter|mark)
	}
	if s[i] == ' ' && next&(punct|symbol) != 0 {
		return newlines(s, t.run(s, i+w+nw, punct|symbol), false)
	}
	if bits&space != 0 {
		return t.whiteLines(s, i)
	}
	return i
}

func asciiLetters(s string, i int) int {
	for i < len(s) && (s[i]|0x20) >= 'a' && (s[i]|0x20) <= 'z' {
		i++
	}
	return i
}
