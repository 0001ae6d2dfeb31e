package clean

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Unicode brings texts to one normal form and removes what nobody sees: control characters, byte order marks, zero-width
// and bidirectional controls. Line ends become \n. NFC leaves full-width Chinese punctuation as it is.
type Unicode struct {
	Form string `json:"form" check:"oneof=nfc|nfkc|none" jsonschema:"normal form; nfkc also folds full-width forms, ligatures and superscripts, and so changes Chinese punctuation"`
}

func init() { register("unicode", &Unicode{Form: "nfc"}) }

func (*Unicode) Reasons() []string { return nil }

// Apply repairs; it drops nothing.
func (u *Unicode) Apply(d *Document) Verdict {
	d.Rewrite(u.Clean)
	return Keep
}

// Clean is the rule for one text.
func (u *Unicode) Clean(s string) string {
	if isCleanASCII(s) {
		return s
	}
	s = stripInvisible(s)
	switch u.Form {
	case "nfc":
		return norm.NFC.String(s)
	case "nfkc":
		return norm.NFKC.String(s)
	}
	return s
}

func isCleanASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || c < 0x20 && c != '\n' && c != '\t' || c == 0x7F {
			return false
		}
	}
	return true
}

func stripInvisible(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	rtl := hasRightToLeft(s)
	var last rune // that was kept
	for i, r := range s {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		next, _ := utf8.DecodeRuneInString(s[i+size:])
		switch {
		case r == '\r':
			if next != '\n' {
				b.WriteByte('\n')
			}
		case r == '\v', r == '\f', r == 0x85, r == 0x2028, r == 0x2029:
			b.WriteByte('\n')
		case r == '\n', r == '\t':
			b.WriteRune(r)
			last = r
		case unicode.Is(unicode.Cc, r), invisible(r) && !joins(r, last, next) && !(rtl && direction(r)):
		default:
			b.WriteRune(r)
			last = r
		}
	}
	return b.String()
}

// invisible are format characters that carry no text: soft hyphen, zero-width, bidirectional, word joiner and invisible
// operators, deprecated formatting, byte order mark, interlinear annotation, tags.
func invisible(r rune) bool {
	switch {
	case r == 0xAD, r == 0x180E, r == 0xFEFF,
		0x200B <= r && r <= 0x200F, 0x202A <= r && r <= 0x202E, 0x2060 <= r && r <= 0x206F,
		0xFFF9 <= r && r <= 0xFFFB, 0xE0000 <= r && r <= 0xE007F:
		return true
	}
	return false
}

// direction are the marks that text in Arabic or Hebrew script may need; overrides and embeddings are never kept.
func direction(r rune) bool { return r == 0x200E || r == 0x200F || 0x2066 <= r && r <= 0x2069 }

// joins says whether an invisible character changes how its neighbours look: joiners in scripts that join and in emoji,
// tags of a flag.
func joins(r, last, next rune) bool {
	switch {
	case r == 0x200C || r == 0x200D:
		return joining(last) && joining(next)
	case 0xE0020 <= r && r <= 0xE007F:
		return last == 0x1F3F4 || 0xE0020 <= last && last < 0xE007F
	}
	return false
}

// joining: Arabic to Myanmar in the code charts (Syriac, N'Ko, Mongolian and the Indic scripts lie there), emoji.
func joining(r rune) bool {
	return 0x0600 <= r && r <= 0x109F || 0x1780 <= r && r <= 0x18AF || 0xFB50 <= r && r <= 0xFEFC && r != 0xFE0F ||
		r == 0xFE0F || 0x2190 <= r && r <= 0x2BFF || 0x1F000 <= r && r <= 0x1FAFF
}

func hasRightToLeft(s string) bool {
	for _, r := range s {
		if 0x0590 <= r && r <= 0x08FF || 0xFB1D <= r && r <= 0xFDFF || 0xFE70 <= r && r <= 0xFEFC {
			return true
		}
	}
	return false
}
