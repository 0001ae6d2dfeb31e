package near

import (
	"cmp"
	"slices"
)

// Link is why a text is in its group: it is similar to another one.
type Link struct {
	First   int     // smallest member of the group
	Similar int     // the text that it was compared with
	Jaccard float64 // their similarity; 1 for equal sets
}

// Groups are the connected components of "similar". They do not depend on the order of the comparisons.
type Groups struct {
	parent []int32
	link   []Link // of the text that a comparison added, by text
}

// NewGroups is n texts, each alone.
func NewGroups(n int) *Groups {
	g := &Groups{parent: make([]int32, n), link: make([]Link, n)}
	for i := range g.parent {
		g.parent[i] = int32(i)
		g.link[i].Similar = -1
	}
	return g
}

func (g *Groups) root(i int32) int32 {
	for g.parent[i] != i {
		g.parent[i] = g.parent[g.parent[i]]
		i = g.parent[i]
	}
	return i
}

// join unites two groups under the smaller root, which therefore is the group's first text.
func (g *Groups) join(a, b int32, jaccard float64) {
	ra, rb := g.root(a), g.root(b)
	if ra == rb {
		return
	}
	g.parent[max(ra, rb)] = min(ra, rb)
	for _, pair := range [][2]int32{{a, b}, {b, a}} { // remember the first comparison of each text
		if l := &g.link[pair[0]]; l.Similar < 0 {
			l.Similar, l.Jaccard = int(pair[1]), jaccard
		}
	}
}

// Of says where text i belongs. First == i: it is the first of its group, or alone.
func (g *Groups) Of(i int) Link {
	l := g.link[i]
	l.First = int(g.root(int32(i)))
	return l
}

// Entry is one band of one text.
type Entry struct {
	Band uint64
	Text int32
}

// Find unites all texts that share a band and whose similarity, by compare, is at least threshold. Texts that already are
// in one group are not compared again.
func (g *Groups) Find(entries []Entry, compare func(a, b int32) (jaccard float64, similar bool, err error)) error {
	slices.SortFunc(entries, func(a, b Entry) int {
		if a.Band != b.Band {
			return cmp.Compare(a.Band, b.Band)
		}
		return cmp.Compare(a.Text, b.Text)
	})
	for lo := 0; lo < len(entries); {
		hi := lo + 1
		for hi < len(entries) && entries[hi].Band == entries[lo].Band {
			hi++
		}
		if err := g.bucket(entries[lo:hi], compare); err != nil {
			return err
		}
		lo = hi
	}
	return nil
}

func (g *Groups) bucket(entries []Entry, compare func(a, b int32) (float64, bool, error)) error {
	for i := 1; i < len(entries); i++ {
		for j := range i {
			a, b := entries[j].Text, entries[i].Text
			if g.root(a) == g.root(b) {
				continue
			}
			jaccard, similar, err := compare(a, b)
			if err != nil {
				return err
			}
			if similar {
				g.join(a, b, jaccard)
			}
		}
	}
	return nil
}
