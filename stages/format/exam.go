package format

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"

	"fettle/schemas"
)

// Exam makes the knowledge base and the questions of the evaluation, in the strata of its protocol: a fact was in training
// (F+) or not (F-), its document is in the knowledge base (K+) or not (K-).
type Exam struct {
	New        []string `json:"new" check:"minlen=1" jsonschema:"splits whose facts are asked as not trained (F-)"`
	Known      float64  `json:"known" check:"min=0,max=1" jsonschema:"share of the asked groups whose documents are in the knowledge base (K+)"`
	Library    []string `json:"library" jsonschema:"further splits whose documents fill the knowledge base"`
	PerStratum int      `json:"per_stratum" check:"min=1" jsonschema:"most questions of one stratum (trained or not, known or not); chosen by digest"`
	Recall     int      `json:"recall" check:"min=0" jsonschema:"most questions in the very words of training, known and not: a probe of recall, part of no verdict"`
	HoldOut    bool     `json:"hold_out_language" jsonschema:"of a trained group with two languages train one, and ask the other as translated"`
	Seed       int64    `json:"seed" jsonschema:"of the draw of groups and questions"`
}

// draw is a number in [0, 1) that depends on the seed, the purpose and the name alone.
func (e *Exam) draw(purpose, name string) float64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s", e.Seed, purpose, name))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}

// known says whether the documents of an asked group are in the knowledge base.
func (e *Exam) known(group string) bool { return e.draw("known", group) < e.Known }

// heldLanguage is the language of a trained group that training leaves out; "" when the group has only one.
func (e *Exam) heldLanguage(group string, langs []string) string {
	if !e.HoldOut || len(langs) < 2 {
		return ""
	}
	langs = slices.Sorted(slices.Values(langs))
	return langs[int(e.draw("language", group)*float64(len(langs)))]
}

// candidate is a question before the strata are cut to size.
type candidate struct {
	schemas.Question
	order float64
}

func (e *Exam) candidate(s Examiner, f Fact, wording string, answers []string) (candidate, bool) {
	text := s.Ask(f, wording == "reworded")
	if text == "" {
		return candidate{}, false
	}
	q := schemas.Question{ID: f.ID + "-" + wording, Question: text, Answers: answers, DocID: f.DocID, Group: f.Group, Lang: f.Lang,
		Fact: wording != "new", Known: e.known(f.Group), Wording: wording, Context: f.Context}
	return candidate{Question: q, order: e.draw("question", q.ID)}, true
}

// questions words every fact that may be asked, and keeps PerStratum of each stratum. trained are the facts that training
// saw; held those of trained groups in the language left out; fresh those of groups that training never saw.
func (e *Exam) questions(s Examiner, trained, held, fresh []Fact) []schemas.Question {
	var all []candidate
	add := func(f Fact, wording string, answers ...string) {
		if c, ok := e.candidate(s, f, wording, answers); ok {
			all = append(all, c)
		}
	}
	byBones := map[string]string{} // group and bones -> the trained answer
	for _, f := range trained {
		byBones[f.Group+"\x00"+f.Bones] = f.Answer
		add(f, "seen", f.Answer)
		add(f, "reworded", f.Answer)
	}
	for _, f := range held {
		if answer, ok := byBones[f.Group+"\x00"+f.Bones]; ok {
			add(f, "translated", uniq(f.Answer, answer)...)
		}
	}
	for _, f := range fresh {
		add(f, "new", f.Answer)
	}
	return e.choose(all)
}

func uniq(a, b string) []string {
	if a == b {
		return []string{a}
	}
	return []string{a, b}
}

// choose takes the first of each stratum by digest, so that added rows displace few; output is sorted by id.
func (e *Exam) choose(all []candidate) []schemas.Question {
	sort.Slice(all, func(i, j int) bool {
		if all[i].order != all[j].order {
			return all[i].order < all[j].order
		}
		return all[i].ID < all[j].ID
	})
	count := map[string]int{}
	var out []schemas.Question
	for _, c := range all {
		seen, most := c.Wording == "seen", e.PerStratum
		if seen {
			most = e.Recall
		}
		stratum := fmt.Sprint(c.Fact, c.Known, seen)
		if count[stratum]++; count[stratum] <= most {
			out = append(out, c.Question)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}
