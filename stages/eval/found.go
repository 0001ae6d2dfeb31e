package eval

import (
	"slices"

	"fettle/schemas"
	"fettle/stages/eval/report"
	"fettle/stages/eval/retrieval"
	"fettle/stages/eval/verdict"
)

// retrieval measures the retriever on the questions whose document it could find: all, and by language.
func (r *results) retrieval(p *prompter) []report.Retrieval {
	if p.search == nil {
		return nil
	}
	out := []report.Retrieval{{Text: verdict.Text{EN: "All", ZH: "全部"}}}
	place := map[string]int{}
	for _, q := range r.questions {
		if !q.Known {
			continue
		}
		hits := p.search.Search(q.Question, 10)
		k, seen := place[q.Lang]
		if !seen {
			k = len(out)
			place[q.Lang] = k
			out = append(out, report.Retrieval{Text: language(q.Lang)})
		}
		tally(&out[0], hits, q, p)
		tally(&out[k], hits, q, p)
	}
	if len(out) == 2 {
		out = out[:1]
	}
	for i := range out {
		t, n := &out[i], float64(max(1, out[i].N))
		t.K = p.shown
		for _, v := range []*float64{&t.RecallAt1, &t.RecallAtK, &t.MRR, &t.NDCG, &t.AnswerFound} {
			*v /= n
		}
	}
	slices.SortStableFunc(out[1:], func(a, b report.Retrieval) int { return b.N - a.N })
	return out
}

func tally(t *report.Retrieval, hits []int, q schemas.Question, p *prompter) {
	var ranking []string
	found := false
	for rank, d := range hits {
		ranking = append(ranking, p.docs[d].DocID)
		for _, a := range q.Answers {
			found = found || rank < p.shown && holds(normalize(p.docs[d].Text), normalize(a))
		}
	}
	m := retrieval.Measure(ranking, map[string]int{q.DocID: 1})
	t.N++
	t.RecallAt1 += m.Recall(1)
	t.RecallAtK += m.Recall(p.shown)
	t.MRR += m.ReciprocalRank(10)
	t.NDCG += m.NDCG(10)
	t.AnswerFound += indicator(found)
}

func language(code string) verdict.Text {
	switch code {
	case "en":
		return verdict.Text{EN: "English", ZH: "英文"}
	case "zh":
		return verdict.Text{EN: "Chinese", ZH: "中文"}
	case "":
		return verdict.Text{EN: "Language unknown", ZH: "语言未知"}
	}
	return verdict.Text{EN: code, ZH: code}
}
