package tokenizer

import (
	"strings"

	"fettle/internal/tokenizer/aligned"
	"fettle/internal/tokenizer/subword"
)

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
