package eval

import (
	"fmt"
	"strings"

	"fettle/schemas"
	"fettle/stages/eval/verdict"
)

// speaker turns a user's message into the tokens that a model continues, by its chat template, and tokens back into text.
type speaker interface {
	Prompt(message string) ([]int32, error)
	Text(tokens []int32) string
}

// prompter puts questions to systems.
type prompter struct {
	Prompt
	speaker speaker
	limit   int // tokens of a prompt
	docs    []schemas.Doc
	search  Searcher
	shown   int
}

// asked is a question as it is put to a system.
type asked struct {
	tokens    []int32
	retrieved []string // ids of the documents in the prompt, best first
}

// ask builds the prompt of a question for a system.
func (p *prompter) ask(system string, q schemas.Question) (asked, error) {
	var a asked
	var err error
	switch system {
	case verdict.Base, verdict.Tuned:
		a.tokens, err = p.closed(q)
	case verdict.Oracle, verdict.TunedOracle:
		a.tokens, _, err = p.open(q, []string{q.Context})
	default:
		var passages []string
		hits := p.search.Search(q.Question, p.shown)
		for _, d := range hits {
			passages = append(passages, strings.NewReplacer("{title}", p.docs[d].Title, "{text}", p.docs[d].Text).Replace(p.Passage))
		}
		var kept int
		a.tokens, kept, err = p.open(q, passages)
		for _, d := range hits[:kept] {
			a.retrieved = append(a.retrieved, p.docs[d].DocID)
		}
	}
	if err != nil {
		return a, fmt.Errorf("ask %s question %s: %w", system, q.ID, err)
	}
	return a, nil
}

func (p *prompter) closed(q schemas.Question) ([]int32, error) {
	return p.speaker.Prompt(strings.NewReplacer("{question}", q.Question).Replace(p.Closed))
}

// open puts the question with as many passages as fit, best first; of the first, if it alone is too long, the head. No
// passage at all gives the closed prompt.
func (p *prompter) open(q schemas.Question, passages []string) (tokens []int32, kept int, err error) {
	for kept = len(passages); kept > 0; kept-- {
		tokens, err = p.with(q, strings.Join(passages[:kept], "\n\n"))
		if err != nil || len(tokens) <= p.limit {
			return tokens, kept, err
		}
	}
	if len(passages) == 0 || passages[0] == "" {
		tokens, err = p.closed(q)
		return tokens, 0, err
	}
	tokens, err = p.head(q, []rune(passages[0]))
	return tokens, 1, err
}

func (p *prompter) with(q schemas.Question, context string) ([]int32, error) {
	return p.speaker.Prompt(strings.NewReplacer("{question}", q.Question, "{context}", context).Replace(p.Open))
}

// head cuts a passage to the longest head that fits, by bisection over its characters.
func (p *prompter) head(q schemas.Question, passage []rune) ([]int32, error) {
	fits, err := p.closed(q)
	if err != nil {
		return nil, err
	}
	low, high := 0, len(passage)
	for low+1 < high {
		middle := (low + high) / 2
		tokens, err := p.with(q, string(passage[:middle]))
		if err != nil {
			return nil, err
		}
		if len(tokens) <= p.limit {
			fits, low = tokens, middle
		} else {
			high = middle
		}
	}
	return fits, nil
}
