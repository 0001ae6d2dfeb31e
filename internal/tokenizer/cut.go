package tokenizer

import (
	"fmt"
	"strings"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/pattern"
	"fettle/internal/tokenizer/subword"
)

// cutter cuts at the matches of a pattern. behavior says what becomes of them; invert takes what lies between for matches.
func cutter(p *pattern.Pattern, behavior string, invert bool) ([]splitter, error) {
	var fold func([]part) []part
	switch behavior {
	case "Isolated":
		return []splitter{isolator{p}}, nil
	case "Removed":
		fold = removed
	case "Contiguous":
		fold = contiguous
	case "MergedWithPrevious":
		fold = mergedWithPrevious
	case "MergedWithNext":
		fold = mergedWithNext
	default:
		return nil, fmt.Errorf("behavior %q is not known", behavior)
	}
	return []splitter{splitFunc(func(t aligned.Text, piece func(aligned.Text)) {
		for _, q := range fold(parts(p, t.S, invert)) {
			if q.start < q.end {
				piece(t.Slice(q.start, q.end))
			}
		}
	})}, nil
}

// isolator gives the matches of a pattern and what lies between them.
type isolator struct{ pattern *pattern.Pattern }

func (i isolator) split(t aligned.Text, piece func(aligned.Text)) {
	i.bounds(t.S, func(start, end int) { piece(t.Slice(start, end)) })
}

// bounds gives the places of the pieces. It is the way of nearly all text, so it takes no detours.
func (i isolator) bounds(s string, piece func(start, end int)) {
	done := 0
	for done < len(s) {
		start, end := i.pattern.Find(s, done)
		if start < 0 {
			break
		}
		if start == end {
			i.boundsEmpty(s, done, piece)
			return
		}
		if done < start {
			piece(done, start)
		}
		piece(start, end)
		done = end
	}
	if done < len(s) {
		piece(done, len(s))
	}
}

// boundsEmpty is bounds from the byte done for patterns that match nothing at all at some place.
func (i isolator) boundsEmpty(s string, done int, piece func(start, end int)) {
	for start, end := range aligned.Matches(i.pattern.Find, s) {
		if start < done {
			continue
		}
		if done < start {
			piece(done, start)
		}
		if start < end {
			piece(start, end)
		}
		done = end
	}
	if done < len(s) {
		piece(done, len(s))
	}
}

// part is a match, or what lies between two.
type part struct {
	start, end int
	match      bool
}

// parts covers s.
func parts(p *pattern.Pattern, s string, invert bool) []part {
	var out []part
	done := 0
	for start, end := range aligned.Matches(p.Find, s) {
		if done < start {
			out = append(out, part{done, start, invert})
		}
		out = append(out, part{start, end, !invert})
		done = end
	}
	if done < len(s) {
		out = append(out, part{done, len(s), invert})
	}
	return out
}

func removed(in []part) []part {
	out := in[:0]
	for _, p := range in {
		if !p.match {
			out = append(out, p)
		}
	}
	return out
}

// contiguous joins matches that touch.
func contiguous(in []part) []part {
	out := in[:0]
	previous := false
	for _, p := range in {
		if p.match == previous && len(out) > 0 {
			out[len(out)-1].end = p.end
		} else {
			out = append(out, p)
		}
		previous = p.match
	}
	return out
}

// mergedWithPrevious joins a match to what is before it, but not to another match.
func mergedWithPrevious(in []part) []part {
	out := in[:0]
	previous := false
	for _, p := range in {
		if p.match && !previous && len(out) > 0 {
			out[len(out)-1].end = p.end
		} else {
			out = append(out, p)
		}
		previous = p.match
	}
	return out
}

// mergedWithNext joins a match to what is after it, but not to another match.
func mergedWithNext(in []part) []part {
	out := in[:0]
	for i, p := range in {
		if i > 0 && in[i-1].match && !p.match {
			out[len(out)-1] = part{out[len(out)-1].start, p.end, false}
			continue
		}
		out = append(out, p)
	}
	return out
}

// spaceSplitters cuts the text of SentencePiece-like models before the marks that stand for spaces, where no token reaches over
// such a place: the ids are the same, and words can be kept.
func spaceSplitters(model subword.Model) []splitter {
	bpe, ok := model.(*subword.BPE)
	if !ok || !bpe.CutsBefore(space) {
		return nil
	}
	return []splitter{splitFunc(func(t aligned.Text, piece func(aligned.Text)) {
		from := 0
		for at := 0; ; at += len(space) {
			i := strings.Index(t.S[at:], space)
			if i < 0 {
				break
			}
			at += i
			if from < at && !strings.HasSuffix(t.S[from:at], space) {
				piece(t.Slice(from, at))
				from = at
			}
		}
		piece(t.Slice(from, len(t.S)))
	})}
}
