package clean

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
	"golang.org/x/text/unicode/norm"
)

// Exact drops rows whose text, after normalisation, stood in a row before: the first one is kept. It holds a 128-bit digest
// and an id for every kept row, about 80 bytes.
type Exact struct {
	Normalize string `json:"normalize" check:"oneof=raw|whitespace|full" jsonschema:"what does not count: nothing; runs of white space; or also case, width and everything but letters, marks and numbers"`
}

func init() { register("exact", &Exact{Normalize: "full"}) }

func (*Exact) Reasons() []string { return []string{"duplicate"} }

// Pass hashes in parallel and compares in row order.
func (e *Exact) Pass(env Env, in Stream) Stream {
	hashed := parallel(env.Workers, in, func(d *Document) {
		if !d.dead() {
			d.digest = e.Digest(d.Text())
		}
	})
	return func(yield func(*Document, error) bool) {
		first := map[xxh3.Uint128]string{}
		for d, err := range hashed {
			if err == nil {
				d.judge(env.Name, func(d *Document) Verdict {
					if id, seen := first[d.digest]; seen {
						return Drop("duplicate", "first", id)
					}
					first[d.digest] = d.ID
					return Keep
				})
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// Digest is equal for texts that count as the same.
func (e *Exact) Digest(s string) xxh3.Uint128 {
	switch e.Normalize {
	case "raw":
		return xxh3.HashString128(s)
	case "whitespace":
		return xxh3.HashString128(squeeze(s, isSpace, keepRune))
	}
	if !isASCII(s) {
		s = norm.NFKC.String(s)
	}
	return xxh3.HashString128(squeeze(s, func(r rune) bool { return !textual(r) }, unicode.ToLower))
}

func keepRune(r rune) rune { return r }

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// textual is a letter, a mark or a number.
func textual(r rune) bool {
	if r < utf8.RuneSelf {
		return '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z'
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.M)
}

// squeeze makes every run of gaps one space, none at the borders.
func squeeze(s string, gap func(rune) bool, edit func(rune) rune) string {
	var b strings.Builder
	b.Grow(len(s))
	open := false
	for _, r := range s {
		if gap(r) {
			open = b.Len() > 0
			continue
		}
		if open {
			b.WriteByte(' ')
			open = false
		}
		b.WriteRune(edit(r))
	}
	return b.String()
}
