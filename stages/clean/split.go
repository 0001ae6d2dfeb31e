package clean

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"fettle/internal/table"
)

func init() { register("split", &Split{Seed: "1"}) }

// Split gives every row a split, by a digest of its group: rows of one group stay together, and rows added later move none.
type Split struct {
	Group  string  `json:"group" jsonschema:"column that names what must stay together (default: the text itself)"`
	Seed   string  `json:"seed" jsonschema:"another seed, another division"`
	Shares []Share `json:"shares" check:"minlen=1" jsonschema:"splits and their shares, in order; the last takes what is left to 1"`
}

// Share is one split. The order matters: a group's place in [0, 1) never changes, so the first splits stay what they are when
// later shares do.
type Share struct {
	Name  string  `json:"name" check:"required" jsonschema:"name of the split, written to the column split"`
	Share float64 `json:"share" check:"min=0,max=1" jsonschema:"share of the groups"`
}

// Check holds the shares to a sum of 1 at most.
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
		fault("shares", fmt.Sprintf("shares that add up to 1 at most: these make %g", sum))
	}
}

// Reasons implements Operator: split drops nothing.
func (s *Split) Reasons() []string { return nil }

// Column implements Columner.
func (s *Split) Column() table.Field { return table.Field{Name: "split", Type: table.String} }

// Open finds out whether the group's column is there.
func (s *Split) Open(env Env) error { return hasColumn(env, "group", s.Group) }

func hasColumn(env Env, setting, name string) error {
	for _, c := range env.Columns {
		if c == name || name == "" {
			return nil
		}
	}
	return fmt.Errorf("%s: the rows have no column %q: they have %v", setting, name, env.Columns)
}

// Apply implements Row.
func (s *Split) Apply(d *Document) Verdict {
	group := d.Text()
	if s.Group != "" {
		group = fmt.Sprint(d.Value(s.Group))
	}
	at := place(s.Seed, group)
	end := 0.0
	for i, share := range s.Shares {
		end += share.Share
		if at < end || i == len(s.Shares)-1 {
			d.Added["split"] = share.Name
			break
		}
	}
	return Keep
}

// place is a number in [0, 1) that depends on the seed and the group alone.
func place(seed, group string) float64 {
	sum := sha256.Sum256([]byte(seed + "\x00" + group))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
