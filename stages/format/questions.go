package format

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"

	"fettle/schemas"
)

func init() {
	register("questions", &Questions{Title: "title", Text: "text", Group: "page", Lang: "lang", Context: Context{Items: 4},
		Wordings: map[string][]string{"en": {"{what} ({title})"}, "zh": {"{what}（{title}）"}}, PerItem: 1, Chunk: 4})
}

// Questions reads Markdown documentation of "heading, bullet, code" form: each bullet is asked for, its code is the answer.
type Questions struct {
	Title    string              `json:"title" jsonschema:"column of the page's title"`
	Text     string              `json:"text" jsonschema:"column of the page's Markdown"`
	Group    string              `json:"group" jsonschema:"column that names what belongs together over languages and platforms"`
	Lang     string              `json:"lang" jsonschema:"column of the language"`
	Wordings map[string][]string `json:"wordings" check:"minlen=1" jsonschema:"by language, how training asks; {what} (inside a sentence), {What} (as on the page) and {title} are filled in"`
	Held     map[string][]string `json:"held" jsonschema:"by language, wordings that only the evaluation uses: a trained fact in new words"`
	PerItem  int                 `json:"per_item" check:"min=1" jsonschema:"wordings used for each item in each pass"`
	Context  Context             `json:"context" jsonschema:"training examples that show the document and ask to read it"`
	Pairs    bool                `json:"pairs" jsonschema:"put a worse answer beside each: what another item of the page says, one that is shown if any is (for dpo and orpo)"`
	Curve    []Step              `json:"passes" jsonschema:"passes over the data in order; each may show other numbers of items (none = one pass)"`
	Chunk    int                 `json:"chunk" check:"min=1" jsonschema:"items in one document of the knowledge base"`
	Seed     int64               `json:"seed" jsonschema:"of the wordings and the items shown"`
}

// Context says how many examples show a document.
type Context struct {
	Share float64 `json:"share" check:"min=0,max=1" jsonschema:"share of the examples with a document before the question"`
	Items int     `json:"items" check:"min=1" jsonschema:"most items of the page that the document shows"`
}

// Step is one pass.
type Step struct {
	Items int `json:"items" check:"min=1" jsonschema:"most items of the page that the document shows in this pass"`
}

// columns implements columned.
func (q *Questions) columns() (must, may []string) {
	return []string{q.Text}, []string{q.Title, q.Group, q.Lang}
}

// compares implements comparing.
func (q *Questions) compares() bool { return q.Pairs }

// Passes implements Shape.
func (q *Questions) Passes() int { return max(1, len(q.Curve)) }

// Convert implements Shape.
func (q *Questions) Convert(r *Record, pass int) iter.Seq2[schemas.Conversation, error] {
	return func(yield func(schemas.Conversation, error) bool) {
		facts, err := q.Facts(r)
		if err != nil {
			yield(schemas.Conversation{}, err)
			return
		}
		limit := q.Context.Items
		if len(q.Curve) > 0 {
			limit = q.Curve[pass].Items
		}
		for i, f := range facts {
			rng := q.rng(f.ID, pass)
			wordings := q.Wordings[f.Lang]
			for n, w := range rng.Perm(len(wordings))[:min(q.PerItem, len(wordings))] {
				question, shown := word(wordings[w], f), []int(nil)
				if rng.Float64() < q.Context.Share {
					var page string
					page, shown = show(facts, i, limit, rng)
					question = page + "\n\n" + question
				}
				c := schemas.Conversation{Origin: r.Origin, Lang: f.Lang, Split: r.Split,
					Meta:     fmt.Sprintf(`{"item":%d,"pass":%d,"wording":%d}`, i, pass, w),
					Messages: []schemas.Message{{Role: "user", Content: question}, {Role: "assistant", Content: f.Answer, LossWeight: 1}}}
				c.ID = shortHash(f.ID, fmt.Sprint(pass), fmt.Sprint(n))
				if !q.Pairs {
					if !yield(c, nil) {
						return
					}
					continue
				}
				wrong, ok := another(facts, i, shown, rng)
				if !ok {
					continue
				}
				prompt, right := c.Messages[:1], c.Messages[1:]
				if !yield(onSide(c, schemas.Chosen, prompt, right), nil) || !yield(onSide(c, schemas.Rejected, prompt, []schemas.Message{assistant(wrong)}), nil) {
					return
				}
			}
		}
	}
}

// another is the answer to an item of the page that is not the asked one: one that is shown, if any other is.
func another(facts []Fact, asked int, shown []int, rng *rand.Rand) (answer string, ok bool) {
	differs := func(i int) bool { return facts[i].Answer != facts[asked].Answer }
	for _, from := range [][]int{shown, rng.Perm(len(facts))} {
		for _, i := range from {
			if differs(i) {
				return facts[i].Answer, true
			}
		}
	}
	return "", false
}

// show is a document of up to limit items of the page, the asked one among them, in random order.
func show(facts []Fact, asked, limit int, rng *rand.Rand) (page string, picked []int) {
	others := rng.Perm(len(facts))
	n := 1 + rng.IntN(min(limit, len(facts)))
	picked = []int{asked}
	for _, o := range others {
		if len(picked) == n {
			break
		}
		if o != asked {
			picked = append(picked, o)
		}
	}
	rng.Shuffle(len(picked), func(i, j int) { picked[i], picked[j] = picked[j], picked[i] })
	var b strings.Builder
	b.WriteString(facts[asked].Title)
	for _, i := range picked {
		b.WriteString("\n" + line(facts[i].What, facts[i].Answer))
	}
	return b.String(), picked
}

// line shows an item as the bullet and, on a line of its own, what is typed: so a reader can copy it to the letter.
func line(what, answer string) string { return "- " + what + "\n" + answer }

// Documents implements Examiner: the page in pieces of Chunk items.
func (q *Questions) Documents(r *Record) ([]schemas.Doc, error) {
	facts, err := q.Facts(r)
	if err != nil {
		return nil, err
	}
	var docs []schemas.Doc
	for _, f := range facts {
		if len(docs) == 0 || docs[len(docs)-1].DocID != f.DocID {
			docs = append(docs, schemas.Doc{DocID: f.DocID, Title: f.Title, Text: f.Context, Lang: f.Lang})
		}
	}
	return docs, nil
}

// Facts implements Examiner.
func (q *Questions) Facts(r *Record) ([]Fact, error) {
	lang := r.Text(q.Lang)
	if len(q.Wordings[lang]) == 0 {
		return nil, bad("no_wording", "wordings has none for the language %q", lang)
	}
	p := parsePage(r.Text(q.Text))
	if title := r.Text(q.Title); title != "" {
		p.title = title
	}
	if len(p.items) == 0 {
		return nil, bad("no_items", "no bullet followed by code: `- what:` and then `code` on a line of its own")
	}
	var facts []Fact
	seen := map[string]bool{}
	for i, it := range p.items {
		answer, bones := placeholders(it.code)
		f := Fact{ID: fmt.Sprintf("%s-%d", r.ID, i), Row: r.ID, Group: r.Text(q.Group), Lang: lang, Title: p.title, What: tidyWhat(it.what), Answer: answer, Bones: bones}
		if f.What == "" || f.Answer == "" || seen[f.What] {
			continue // asked twice on one page: the question would have two answers
		}
		seen[f.What] = true
		facts = append(facts, f)
	}
	for i := range facts {
		from := i / q.Chunk * q.Chunk
		facts[i].DocID = fmt.Sprintf("%s-%d", r.ID, from/q.Chunk)
		var b strings.Builder
		b.WriteString(p.title)
		for _, f := range facts[from:min(from+q.Chunk, len(facts))] {
			b.WriteString("\n" + line(f.What, f.Answer))
		}
		facts[i].Context = b.String()
	}
	return facts, nil
}

// Ask implements Examiner.
func (q *Questions) Ask(f Fact, held bool) string {
	wordings := q.Wordings[f.Lang]
	if held {
		wordings = q.Held[f.Lang]
	}
	if len(wordings) == 0 {
		return ""
	}
	// As trained: the first wording that pass 0 used. Held: any of them.
	rng := q.rng(f.ID, 0)
	return word(wordings[rng.Perm(len(wordings))[0]], f)
}

func word(wording string, f Fact) string {
	return strings.NewReplacer("{what}", lowerFirst(f.What), "{What}", f.What, "{title}", f.Title).Replace(wording)
}

// lowerFirst makes "List files" fit inside a sentence; words in capitals stay.
func lowerFirst(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'a' && s[1] <= 'z' {
		return string(s[0]+'a'-'A') + s[1:]
	}
	return s
}

func (q *Questions) rng(id string, pass int) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%d", q.Seed, id, pass))
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])))
}

func shortHash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}
