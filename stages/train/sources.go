package train

import (
	"slices"
	"strings"

	"fettle/internal/table"
	"fettle/schemas"
)

// bySource sums the losses of the conversations up by their source, of the first and of the last epoch.
func (f *fitting) bySource() ([]schemas.SourceLoss, error) {
	source, err := sourcesOf(f.job.In["format"].Path("conversations.arrow"))
	if err != nil {
		return nil, err
	}
	var rows []schemas.RowLoss
	for _, r := range f.results {
		rows = append(rows, r.state.losses.ended...)
	}
	return sumBySource(rows, source), nil
}

// sourcesOf maps the conversations of a table to their sources.
func sourcesOf(path string) (map[string]string, error) {
	r, err := table.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	source := map[string]string{}
	for row, err := range r.Select("id", "source") {
		if err != nil {
			return nil, err
		}
		id, _ := row[0].(string)
		source[id], _ = row[1].(string)
	}
	return source, nil
}

func sumBySource(rows []schemas.RowLoss, source map[string]string) []schemas.SourceLoss {
	type sum struct {
		ids         map[string]bool
		loss, token [2]float64 // of the first epoch, of the last
	}
	last := map[int64]int64{} // epoch of a seed
	for _, r := range rows {
		last[r.Seed] = max(last[r.Seed], r.Epoch)
	}
	sums, seeds := map[string]*sum{}, float64(len(last))
	for _, r := range rows {
		id := schemas.ConversationOf(r.ID)
		s := sums[source[id]]
		if s == nil {
			s = &sum{ids: map[string]bool{}}
			sums[source[id]] = s
		}
		s.ids[id] = true
		for i, of := range []bool{r.Epoch == 0, r.Epoch == last[r.Seed]} {
			if of {
				s.loss[i] += r.Loss * float64(r.Tokens)
				s.token[i] += float64(r.Tokens)
			}
		}
	}
	var out []schemas.SourceLoss
	for name, s := range sums {
		out = append(out, schemas.SourceLoss{Source: name, Conversations: len(s.ids), Tokens: int64(s.token[0] / seeds), First: perToken(s.loss[0], s.token[0]), Last: perToken(s.loss[1], s.token[1])})
	}
	slices.SortFunc(out, func(a, b schemas.SourceLoss) int { return strings.Compare(a.Source, b.Source) })
	return out
}

func perToken(sum, n float64) float64 {
	if n == 0 {
		return 0
	}
	return sum / n
}
