package format

import (
	"fmt"
	"testing"

	"fettle/internal/table"
	"fettle/schemas"

	"github.com/google/go-cmp/cmp"
)

func questions() *Questions {
	return &Questions{Title: "title", Text: "text", Group: "page", Lang: "lang", Chunk: 2, PerItem: 1, Context: Context{Items: 2},
		Wordings: map[string][]string{"en": {"{What} ({title})"}, "zh": {"{What}（{title}）"}}, Held: map[string][]string{"en": {"How do I {what} with {title}?"}}}
}

func pageRecord(id, lang, page, text string) *Record {
	o := schemas.NewOrigin("s", id, 1)
	fields := []table.Field{{Name: "lang", Type: table.String}, {Name: "page", Type: table.String}, {Name: "title", Type: table.String}, {Name: "text", Type: table.String}}
	return NewRecord(o, fields, table.Row{lang, page, page, text})
}

const tarPage = "# tar\n\n- List files:\n\n`tar tf {{file}}`\n\n- Extract:\n\n`tar xf {{file}}`\n\n- Create:\n\n`tar cf {{file}}`\n"

func TestQuestionsShape(t *testing.T) {
	q, r := questions(), pageRecord("tar.md", "en", "tar", tarPage)
	var got []string
	for c, err := range q.Convert(r, 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, c.Messages[0].Content+" => "+c.Messages[1].Content)
	}
	want := []string{"List files (tar) => tar tf <file>", "Extract (tar) => tar xf <file>", "Create (tar) => tar cf <file>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	q.PerItem, q.Wordings["en"] = 2, []string{"{What} ({title})", "{title}: {what}", "How to {what}?"}
	asked := map[string]bool{}
	for c := range q.Convert(r, 0) {
		asked[c.Messages[0].Content] = true
	}
	if len(asked) != 3*2 {
		t.Errorf("%d questions of 3 items in 2 wordings each: %v", len(asked), asked)
	}
	docs, err := q.Documents(r)
	if err != nil {
		t.Fatal(err)
	}
	wantDocs := []schemas.Doc{
		{DocID: r.ID + "-0", Title: "tar", Text: "tar\n- List files\ntar tf <file>\n- Extract\ntar xf <file>", Lang: "en"},
		{DocID: r.ID + "-1", Title: "tar", Text: "tar\n- Create\ntar cf <file>", Lang: "en"},
	}
	if diff := cmp.Diff(wantDocs, docs); diff != "" {
		t.Error(diff)
	}
}

func TestQuestionsRejects(t *testing.T) {
	for name, r := range map[string]*Record{"no_items": pageRecord("a", "en", "a", "# a\njust text\n"), "no_wording": pageRecord("a", "fr", "a", tarPage)} {
		_, err := questions().Facts(r)
		if b, ok := err.(*Bad); !ok || b.Reason != name {
			t.Errorf("%v, want reason %s", err, name)
		}
	}
}

func TestExamStrata(t *testing.T) {
	s := questions()
	e := &Exam{New: []string{"new"}, Known: 0.5, PerStratum: 1000, Recall: 1000, HoldOut: true}
	var trained, held, fresh []Fact
	for i := range 200 {
		name := fmt.Sprint("p", i)
		en, _ := s.Facts(pageRecord("en/"+name, "en", name, tarPage))
		zh, _ := s.Facts(pageRecord("zh/"+name, "zh", name, "# tar\n\n- 列出:\n\n`tar tf {{文件}}`\n\n- 别的:\n\n`tar --other`\n"))
		other, _ := s.Facts(pageRecord("new/"+name, "en", "n"+name, tarPage))
		trained, held, fresh = append(trained, en...), append(held, zh...), append(fresh, other...)
	}
	count := map[string]int{}
	for _, q := range e.questions(s, trained, held, fresh) {
		count[fmt.Sprint(q.Wording, " F", q.Fact)]++
		if q.Wording == "translated" {
			if diff := cmp.Diff([]string{"tar tf <文件>", "tar tf <file>"}, q.Answers); diff != "" {
				t.Fatal(diff)
			}
		}
		if q.Known != e.known(q.Group) {
			t.Fatalf("question %s: known %v", q.ID, q.Known)
		}
	}
	want := map[string]int{"seen Ftrue": 600, "reworded Ftrue": 600, "translated Ftrue": 200, "new Ffalse": 600}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Error(diff)
	}
	e.PerStratum, e.Recall = 10, 4
	if n := len(e.questions(s, trained, held, fresh)); n != 2*(10+4+10) {
		t.Errorf("%d questions, want 10 new, 10 in new words and 4 as trained, known and not", n)
	}
}

// A group with two languages keeps one of them for the questions, one with a single language none; nor does any where it is not
// asked for.
func TestHeldLanguage(t *testing.T) {
	e, held := &Exam{HoldOut: true}, map[string]int{}
	for i := range 1000 {
		held[e.heldLanguage(fmt.Sprint(i), []string{"zh", "en"})]++
	}
	if held["en"] < 400 || held["zh"] < 400 || held[""] > 0 {
		t.Errorf("%v", held)
	}
	if l := e.heldLanguage("1", []string{"en"}); l != "" {
		t.Errorf("a group of one language keeps %s", l)
	}
	if l := (&Exam{}).heldLanguage("1", []string{"en", "zh"}); l != "" {
		t.Errorf("%s is kept though hold_out_language is false", l)
	}
}

func TestKnownIsAboutTheShare(t *testing.T) {
	e, known := &Exam{Known: 0.3}, 0
	for i := range 10000 {
		if e.known(fmt.Sprint(i)) {
			known++
		}
	}
	if known < 2850 || known > 3150 {
		t.Errorf("%d of 10000 groups are known, want about 3000", known)
	}
}
