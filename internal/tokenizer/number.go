package tokenizer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// quickFloat reads a number as serde_json does by default: the digits as one integer, then one multiplication or division by a
// power of ten. The last bit may differ from the nearest float64, and with it which of two equally good ways to cut a word a
// unigram model takes.
func quickFloat(s string) (float64, error) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	power := 0
	if exponent != "" {
		var err error
		if power, err = strconv.Atoi(exponent); err != nil {
			return 0, fmt.Errorf("read number %q: %w", s, err)
		}
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	var digits uint64
	fraction, full := false, false
	for _, c := range mantissa {
		if c == '.' {
			fraction = true
			continue
		}
		d := uint64(c - '0')
		full = full || digits > (math.MaxUint64-d)/10
		if full {
			if !fraction {
				power++
			}
			continue
		}
		digits = digits*10 + d
		if fraction {
			power--
		}
	}
	f := scale(float64(digits), power)
	if negative {
		f = -f
	}
	return f, nil
}

// scale is f times a power of ten, 308 places at a time.
func scale(f float64, power int) float64 {
	for ; power < -308 && f != 0; power += 308 {
		f /= 1e308
	}
	if power < 0 {
		return f / math.Pow10(-power)
	}
	return f * math.Pow10(power)
}
