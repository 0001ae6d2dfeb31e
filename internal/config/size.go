package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, written "64MiB".
type Size int64

// units from large to small; String takes the first that divides.
var units = []struct {
	name string
	size int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
}

// ParseSize reads "64MiB", "1.5GiB", "2GB" or "0".
func ParseSize(s string) (Size, error) {
	if s == "0" {
		return 0, nil
	}
	for _, u := range units {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		digits = strings.TrimRight(digits, " ")
		if !decimal.MatchString(digits) || strings.ContainsAny(digits, "-+eE") {
			break
		}
		v, err := strconv.ParseFloat(digits, 64)
		bytes := v * float64(u.size)
		if err != nil || bytes != math.Trunc(bytes) || bytes > 1<<53 {
			break
		}
		return Size(bytes), nil
	}
	return 0, fmt.Errorf("size %q: want one such as 64MiB or 2GB", s)
}

// String is the shortest exact form, in powers of 1024 where they fit.
func (s Size) String() string {
	if s == 0 {
		return "0"
	}
	for _, u := range units {
		if int64(s)%u.size == 0 {
			return strconv.FormatInt(int64(s)/u.size, 10) + u.name
		}
	}
	return ""
}

// MarshalText makes JSON show sizes as a user writes them.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is ParseSize.
func (s *Size) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSize(string(text))
	return err
}
