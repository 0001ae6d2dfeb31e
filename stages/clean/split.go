package clean

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
)

// Split gives every row that is left to a named part, in a new column `split`. The place of a group in [0, 1) is a digest of
// the seed and the group alone, so that rows of one group stay together and rows added later move none.
type Split struct {
	Group  string  `json:"group" jsonschema:"column whose equal values stay together; empty = the text itself"`
	Seed   int64   `json:"seed" jsonschema:"another seed, another division"`
	Shares []Share `json:"shares" check:"required,minlen=1" jsonschema:"splits and their shares, in order; the last takes what is left to 1"`
}

// Share is one split. The order matters: a group's place in [0, 1) never changes, so the first splits stay what they are when
// later shares do.
type Share struct {
	Name  string  `json:"name" check:"required" jsonschema:"name of the split, written to the column split"`
	Share float64 `json:"share" check:"min=0,max=1" jsonschema:"share of the groups"`
}

func init() {
	register("split", &Split{Seed: 1, Shares: []Share{{"train", 0.9}, {"test", 0.1}}})
}

// Reasons implements Operator: split drops nothing.
func (*Split) Reasons() []string { return nil }

// NeedColumns are the columns that must exist.
func (s *Split) NeedColumns() []string { return []string{s.Group} }

// AddColumns are the columns that it fills.
func (*Split) AddColumns() []string { return []string{"split"} }

// Check holds the rules over all shares.
func (s *Split) Check(fault func(field, want string)) {
	sum, seen := 0.0, map[string]bool{}
	for i, share := range s.Shares {
		sum += share.Share
		if seen[share.Name] {
			fault(fmt.Sprintf("shares[%d].name", i), fmt.Sprintf("names that differ: %q is there already", share.Name))
		}
		seen[share.Name] = true
	}
	if sum > 1+1e-9 {
		fault("shares", fmt.Sprintf("shares that add up to 1 at most: these make %.6g", sum))
	}
}

// Apply implements Judge. Rows without a group are grouped by their text.
func (s *Split) Apply(d *Document) Verdict {
	group, ok := d.Column(s.Group)
	if !ok {
		group = d.Text()
	}
	part := s.Part(group)
	d.Set("split", part)
	d.Count(part, 1)
	return Keep
}

// Part is where a group belongs.
func (s *Split) Part(group string) string {
	at, end := place(s.Seed, group), 0.0
	for _, share := range s.Shares {
		if end += share.Share; at < end {
			return share.Name
		}
	}
	return s.Shares[len(s.Shares)-1].Name
}

// place is a number in [0, 1) that depends on the seed and the group alone.
func place(seed int64, group string) float64 {
	sum := sha256.Sum256([]byte(strconv.FormatInt(seed, 10) + "\x00" + group))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
