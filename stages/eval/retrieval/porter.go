package retrieval

// Porter reduces a lower-case English word to its stem: Porter's algorithm (Program 14, 1980) with Martin Porter's later
// departures ("bli" -> "ble", "logi" -> "log"; words of one or two letters are left alone), as Lucene's PorterStemFilter.
// Words with anything but a-z pass through the same rules, a non-letter counting as a consonant.
func Porter(word string) string {
	p := porter{b: []rune(word)}
	if len(p.b) <= 2 {
		return word
	}
	p.plurals()
	p.finalY()
	p.suffixes(doubles)
	p.suffixes(fulls)
	p.suffixes4()
	p.finalE()
	return string(p.b)
}

type porter struct{ b []rune }

func (p *porter) consonant(i int) bool {
	switch p.b[i] {
	case 'a', 'e', 'i', 'o', 'u':
		return false
	case 'y':
		return i == 0 || !p.consonant(i-1)
	}
	return true
}

// measure counts the vowel-consonant sequences of the first n letters: m of [C](VC)^m[V].
func (p *porter) measure(n int) int {
	m, vowel := 0, false
	for i := range n {
		c := p.consonant(i)
		if c && vowel {
			m++
		}
		vowel = !c
	}
	return m
}

func (p *porter) hasVowel(n int) bool {
	for i := range n {
		if !p.consonant(i) {
			return true
		}
	}
	return false
}

func (p *porter) doubled(n int) bool {
	return n >= 2 && p.b[n-1] == p.b[n-2] && p.consonant(n-1)
}

// short is consonant-vowel-consonant at the end, the last not w, x or y: "hop", not "snow".
func (p *porter) short(n int) bool {
	if n < 3 || !p.consonant(n-1) || p.consonant(n-2) || !p.consonant(n-3) {
		return false
	}
	c := p.b[n-1]
	return c != 'w' && c != 'x' && c != 'y'
}

// ends returns the length of the stem before the suffix.
func (p *porter) ends(suffix string) (stem int, ok bool) {
	stem = len(p.b) - len(suffix)
	return stem, stem >= 0 && string(p.b[stem:]) == suffix
}

func (p *porter) set(stem int, to string) { p.b = append(p.b[:stem], []rune(to)...) }

// plurals is step 1a and 1b: -s, -ed, -ing.
func (p *porter) plurals() {
	if p.b[len(p.b)-1] == 's' {
		if _, ok := p.ends("sses"); ok {
			p.b = p.b[:len(p.b)-2]
		} else if stem, ok := p.ends("ies"); ok {
			p.set(stem, "i")
		} else if len(p.b) > 1 && p.b[len(p.b)-2] != 's' {
			p.b = p.b[:len(p.b)-1]
		}
	}
	if stem, ok := p.ends("eed"); ok {
		if p.measure(stem) > 0 {
			p.b = p.b[:len(p.b)-1]
		}
		return
	}
	stem, ok := p.ends("ed")
	if !ok {
		stem, ok = p.ends("ing")
	}
	if !ok || !p.hasVowel(stem) {
		return
	}
	p.b = p.b[:stem]
	for _, s := range []string{"at", "bl", "iz"} {
		if n, ok := p.ends(s); ok {
			p.set(n, s+"e")
			return
		}
	}
	n := len(p.b)
	switch {
	case p.doubled(n):
		if c := p.b[n-1]; c != 'l' && c != 's' && c != 'z' {
			p.b = p.b[:n-1]
		}
	case p.measure(n) == 1 && p.short(n):
		p.set(n, "e")
	}
}

// finalY is step 1c.
func (p *porter) finalY() {
	if stem, ok := p.ends("y"); ok && p.hasVowel(stem) {
		p.b[stem] = 'i'
	}
}

// rule replaces a suffix where the stem before it is long enough.
type rule struct{ from, to string }

// Steps 2 and 3. The first suffix that fits ends its step; where one is part of another the longer stands first.
var (
	doubles = []rule{
		{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"}, {"bli", "ble"},
		{"alli", "al"}, {"entli", "ent"}, {"eli", "e"}, {"ousli", "ous"}, {"ization", "ize"}, {"ation", "ate"},
		{"ator", "ate"}, {"alism", "al"}, {"iveness", "ive"}, {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},
		{"iviti", "ive"}, {"biliti", "ble"}, {"logi", "log"},
	}
	fulls = []rule{
		{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""},
	}
	step4 = []string{
		"al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti",
		"ous", "ive", "ize",
	}
)

func (p *porter) suffixes(rules []rule) {
	for _, r := range rules {
		if stem, ok := p.ends(r.from); ok {
			if p.measure(stem) > 0 {
				p.set(stem, r.to)
			}
			return
		}
	}
}

func (p *porter) suffixes4() {
	for _, s := range step4 {
		stem, ok := p.ends(s)
		if !ok || s == "ion" && (stem == 0 || p.b[stem-1] != 's' && p.b[stem-1] != 't') {
			continue
		}
		if p.measure(stem) > 1 {
			p.b = p.b[:stem]
		}
		return
	}
}

// finalE is step 5.
func (p *porter) finalE() {
	if stem, ok := p.ends("e"); ok {
		if m := p.measure(stem); m > 1 || m == 1 && !p.short(stem) {
			p.b = p.b[:stem]
		}
	}
	if n := len(p.b); n > 1 && p.b[n-1] == 'l' && p.doubled(n) && p.measure(n-1) > 1 {
		p.b = p.b[:n-1]
	}
}
