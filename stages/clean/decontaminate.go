package clean

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/zeebo/xxh3"

	"fettle/internal/table"
	"fettle/stages/clean/units"
)

// Decontaminate drops rows that hold a stretch of a test text: as many words (or characters, in scripts without spaces) in a
// row as the settings say. Case, width, punctuation and line breaks do not hide it. Tests that are shorter than that are
// not looked for, unless `whole` asks for them.
type Decontaminate struct {
	Files   []string `json:"files" path:"file" check:"required,minlen=1" jsonschema:"tables of test texts (.jsonl, .csv, .parquet, .arrow)"`
	Columns []string `json:"columns" check:"required,minlen=1" jsonschema:"text columns of the files; dotted names lead into nested ones"`
	Words   int      `json:"words" check:"min=1" jsonschema:"words in a row that count as contamination"`
	Chars   int      `json:"chars" check:"min=1" jsonschema:"characters in a row that do, in scripts without spaces"`
	Whole   int      `json:"whole" check:"min=0" jsonschema:"also drop rows that hold a shorter test text whole, if it has at least this many words or characters; 0 = do not"`
}

// 13 words are GPT-3's choice; 20 Han characters are about as long.
func init() {
	register("decontaminate", &Decontaminate{Columns: []string{"question"}, Words: 13, Chars: 20})
}

// Reasons implements Operator.
func (*Decontaminate) Reasons() []string { return []string{"contaminated", "contains_test"} }

// benchmark are the n-grams of the test texts, by hash, with the test that each came from first.
type benchmark struct {
	*Decontaminate
	grams [2]map[uint64]int32         // words, characters
	whole [2]map[int]map[uint64]int32 // by number of units
	tests []string                    // file:row
}

const (
	byWord = iota
	byChar
)

// Prepare reads the files.
func (c *Decontaminate) Prepare(env Env) (Judge, error) {
	b := &benchmark{Decontaminate: c}
	for i := range b.grams {
		b.grams[i], b.whole[i] = map[uint64]int32{}, map[int]map[uint64]int32{}
	}
	for _, file := range c.Files {
		if err := b.read(env.Path(file)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *benchmark) read(path string) error {
	r, err := table.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	l := &Layout{Schema: r.Schema(), at: map[string]int{}}
	for i, f := range r.Schema().Fields {
		l.at[f.Name] = i
	}
	for _, name := range b.Columns {
		c, _, err := l.find(name)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		l.columns = append(l.columns, c)
	}
	n := 0
	for row, err := range r.Rows() {
		if err != nil {
			return err
		}
		n++
		l.visit(row, func(s string) string {
			b.add(filepath.Base(path)+":"+strconv.Itoa(n), s)
			return s
		})
	}
	return nil
}

// add takes in one test text.
func (b *benchmark) add(name, text string) {
	u := unitsPool.Get().(*units.Units)
	defer unitsPool.Put(u)
	side, n := b.cut(u, text)
	id := int32(len(b.tests))
	b.tests = append(b.tests, name)
	for i := 0; i+n <= u.Len(); i++ {
		keepFirst(b.grams[side], xxh3.Hash(u.Gram(i, n)), id)
	}
	if b.Whole > 0 && u.Len() >= b.Whole && u.Len() < n {
		if b.whole[side][u.Len()] == nil {
			b.whole[side][u.Len()] = map[uint64]int32{}
		}
		keepFirst(b.whole[side][u.Len()], xxh3.Hash(u.Gram(0, u.Len())), id)
	}
}

func keepFirst(m map[uint64]int32, hash uint64, id int32) {
	if _, known := m[hash]; !known {
		m[hash] = id
	}
}

func (b *benchmark) cut(u *units.Units, text string) (side, n int) {
	kind := units.KindOf(text)
	u.Cut(text, kind)
	if kind == units.Chars {
		return byChar, b.Chars
	}
	return byWord, b.Words
}

// Apply implements Judge.
func (b *benchmark) Apply(d *Document) Verdict {
	u := unitsPool.Get().(*units.Units)
	defer unitsPool.Put(u)
	side, n := b.cut(u, d.Text())
	hits, test := b.hits(u, b.grams[side], n)
	if hits > 0 {
		return Drop("contaminated", "test", b.tests[test], "hits", hits, "length", n)
	}
	for length := b.Whole; length < n && length > 0; length++ {
		if hits, test := b.hits(u, b.whole[side][length], length); hits > 0 {
			return Drop("contains_test", "test", b.tests[test], "hits", hits, "length", length)
		}
	}
	return Keep
}

// hits counts the n-grams that are in the set, and names the test of the first.
func (b *benchmark) hits(u *units.Units, set map[uint64]int32, n int) (hits int, test int32) {
	if len(set) == 0 {
		return 0, 0
	}
	for i := 0; i+n <= u.Len(); i++ {
		if id, hit := set[xxh3.Hash(u.Gram(i, n))]; hit {
			if hits == 0 {
				test = id
			}
			hits++
		}
	}
	return hits, test
}
