package model

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
)

// Rope is one rotary position encoding.
type Rope struct {
	Type      string // default, linear, dynamic, llama3, longrope, yarn
	Theta     float64
	Factor    float64 // how far the original positions are stretched
	Original  int     // positions of the original training (dynamic: up to which nothing is stretched)
	LowFreq   float64 // llama3
	HighFreq  float64
	Short     []float64 // longrope: divisors per frequency up to Original positions
	Long      []float64 // and beyond
	BetaFast  float64   // yarn
	BetaSlow  float64
	Truncate  bool
	AttnScale float64 // multiplies cos and sin
	Dim       int     // rotated dimensions of a head, the first ones
}

// ropeJSON is rope_parameters (v5) or rope_scaling (v4); v4 keeps theta and the partial factor outside of it.
type ropeJSON struct {
	RopeType   string    `json:"rope_type"`
	Type       string    `json:"type"`
	Theta      *float64  `json:"rope_theta"`
	Partial    *float64  `json:"partial_rotary_factor"`
	Factor     *float64  `json:"factor"`
	Original   int       `json:"original_max_position_embeddings"`
	LowFreq    float64   `json:"low_freq_factor"`
	HighFreq   float64   `json:"high_freq_factor"`
	Short      []float64 `json:"short_factor"`
	Long       []float64 `json:"long_factor"`
	AttnFactor *float64  `json:"attention_factor"`
	BetaFast   float64   `json:"beta_fast"`
	BetaSlow   float64   `json:"beta_slow"`
	Mscale     float64   `json:"mscale"`
	MscaleAll  float64   `json:"mscale_all_dim"`
	Truncate   *bool     `json:"truncate"`
}

// ropeDefaults are a family's values of what a config may leave out. original is what the config says outside of the rope
// parameters, where it wins.
type ropeDefaults struct {
	theta, partial float64
	base           string // the key that theta comes from
	original       int
}

// rope reads the position encoding of all layers, in either spelling.
func (f *fields) rope(c *Config, def ropeDefaults) *Rope {
	def.theta, def.base = getNull(f, "rope_theta", def.theta, 0), "rope_theta"
	def.partial = f.partial(def.partial)
	if def.original > 0 { // the family's config has the key, so null is a value
		f.noNull("original_max_position_embeddings")
	}
	if f.has("original_max_position_embeddings") {
		def.original = f.atLeast(1, "original_max_position_embeddings", 1)
	}
	where, raw := "rope_scaling", get(f, "rope_scaling", json.RawMessage(nil))
	if f.has("rope_parameters") {
		f.oneRope()
		where, raw = "rope_parameters", get(f, "rope_parameters", json.RawMessage(nil))
	}
	return f.parseRope(c, where, raw, def)
}

// oneRope refuses two spellings at once. transformers would take rope_scaling, and forget the other's rope_theta.
func (f *fields) oneRope() {
	if f.has("rope_scaling") {
		f.fault("rope_parameters and rope_scaling are both set: move the scaling into rope_parameters")
	}
}

// partial reads how much of a head is rotated. def is the family's own, 0 for those that rotate all of it whatever is said.
func (f *fields) partial(def float64) float64 {
	if def == 0 {
		only(f, "partial_rotary_factor", 1.0)
		return 0
	}
	f.noNull("partial_rotary_factor")
	share := get(f, "partial_rotary_factor", def)
	if share <= 0 || share > 1 {
		f.fault("partial_rotary_factor: %v: want more than 0, at most 1", share)
		return def
	}
	return share
}

var ropeKeys = []string{"rope_type", "type", "rope_theta", "partial_rotary_factor", "factor", "original_max_position_embeddings", "low_freq_factor",
	"high_freq_factor", "short_factor", "long_factor", "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate"}

// ropeJSON reads one object of rope parameters; a key that is not known and could matter is a fault.
func (f *fields) ropeJSON(where string, raw json.RawMessage) (j ropeJSON) {
	inner, err := newFields(raw)
	if err != nil {
		f.fault("%s: %s: %v", where, raw, err)
		return j
	}
	for _, key := range ropeKeys {
		inner.used[key] = true
	}
	inner.checkRest()
	for _, err := range inner.faults {
		f.fault("%s.%w", where, err)
	}
	var wrong *json.UnmarshalTypeError
	if err := json.Unmarshal(raw, &j); errors.As(err, &wrong) {
		f.fault("%s.%s: %s: it is a %s", where, wrong.Field, inner.raw[wrong.Field], wrong.Value)
	} else if err != nil {
		f.fault("%s: %v", where, err)
	}
	return j
}

func partialRange(def float64) string {
	if def == 0 {
		return "1"
	}
	return "more than 0 to 1"
}

// positive refuses factors and bases that are zero or less, of those that are given.
func (f *fields) positive(where, key string, values ...float64) {
	for _, v := range values {
		if v <= 0 {
			f.fault("%s.%s: %v: want a positive number", where, key, v)
			return
		}
	}
}

func (f *fields) parseRope(c *Config, where string, raw json.RawMessage, def ropeDefaults) *Rope {
	var j ropeJSON
	if raw != nil {
		j = f.ropeJSON(where, raw)
	}
	r := &Rope{Type: or(j.RopeType, j.Type, "default"), Theta: val(j.Theta, def.theta), Factor: val(j.Factor, 1), Original: or(def.original, j.Original, c.MaxPositions),
		LowFreq: j.LowFreq, HighFreq: j.HighFreq, Short: j.Short, Long: j.Long, AttnScale: 1,
		BetaFast: or(j.BetaFast, 32), BetaSlow: or(j.BetaSlow, 1), Truncate: val(j.Truncate, true)}
	if j.Theta == nil && r.Theta <= 0 {
		f.fault("%s: %s: want a positive number", def.base, f.raw[def.base])
	} else {
		f.positive(where, "rope_theta", r.Theta)
	}
	f.positive(where, "factor", r.Factor)
	share := val(j.Partial, or(def.partial, 1))
	if share <= 0 || share > 1 || def.partial == 0 && share != 1 {
		f.fault("%s: partial_rotary_factor: %v is not supported for this model_type, only %s", where, share, partialRange(def.partial))
		return r
	}
	if r.Dim = int(float64(c.HeadDim) * share); r.Dim%2 != 0 || r.Dim < 2 {
		f.fault("%s: %d of the %d dimensions of a head (head_dim, partial_rotary_factor) are rotated, want an even number", where, r.Dim, c.HeadDim)
		return r
	}
	if j.Factor == nil && slices.Contains([]string{"linear", "dynamic", "llama3"}, r.Type) {
		f.fault("%s.factor is missing: rope_type %q needs it", where, r.Type)
	}
	switch r.Type {
	case "default", "linear":
	case "dynamic":
		r.Original = c.MaxPositions
		if r.Dim == 2 {
			f.fault("%s: dynamic: want heads of more than 2 dimensions", where)
		}
	case "llama3":
		if r.LowFreq <= 0 || r.HighFreq <= r.LowFreq {
			f.fault("%s: llama3: low_freq_factor %v, high_freq_factor %v: want 0 < low < high", where, r.LowFreq, r.HighFreq)
		}
	case "longrope", "su":
		f.finishLongrope(c, where, r, j)
	case "yarn": // early Phi-3 wrote so what is longrope by its factors
		if j.Short != nil {
			f.finishLongrope(c, where, r, j)
			break
		}
		finishYarn(c, r, j)
	default:
		f.fault("%s: rope_type %q is not supported (default, linear, dynamic, llama3, longrope, yarn)", where, r.Type)
	}
	return r
}

// finishLongrope: transformers scales attention by sqrt(1 + ln(factor)/ln(original)).
func (f *fields) finishLongrope(c *Config, where string, r *Rope, j ropeJSON) {
	r.Type = "longrope"
	if n := r.Dim / 2; len(r.Short) != n || len(r.Long) != n {
		f.fault("%s: longrope: short_factor and long_factor have %d and %d factors, want %d", where, len(r.Short), len(r.Long), n)
	}
	f.positive(where, "short_factor", r.Short...)
	f.positive(where, "long_factor", r.Long...)
	factor := val(j.Factor, float64(c.MaxPositions)/float64(r.Original))
	if j.AttnFactor != nil {
		r.AttnScale = *j.AttnFactor
	} else if factor > 1 {
		r.AttnScale = math.Sqrt(1 + math.Log(factor)/math.Log(float64(r.Original)))
	}
}

// finishYarn follows transformers' _compute_yarn_parameters (YaRN, arXiv 2309.00071).
func finishYarn(c *Config, r *Rope, j ropeJSON) {
	r.Factor = val(j.Factor, float64(c.MaxPositions)/float64(r.Original))
	if j.AttnFactor != nil {
		r.AttnScale = *j.AttnFactor
		return
	}
	mscale := func(m float64) float64 {
		if r.Factor <= 1 {
			return 1
		}
		return 0.1*m*math.Log(r.Factor) + 1
	}
	r.AttnScale = mscale(1)
	if j.Mscale != 0 && j.MscaleAll != 0 {
		r.AttnScale = mscale(j.Mscale) / mscale(j.MscaleAll)
	}
}

// InvFreq gives the angle per position of each rotated pair. Beyond Original positions longrope uses other angles: long is
// nil for all other types. All steps are rounded to float32 as transformers rounds them: at position 100,000 an angle of more
// digits would be another one.
func (r *Rope) InvFreq() (short, long []float64) {
	power := make([]float32, r.Dim/2) // base^(2i/d)
	for i := range power {
		power[i] = float32(math.Pow(float64(float32(r.Theta)), float64(float32(2*i)/float32(r.Dim))))
	}
	switch r.Type {
	case "longrope":
		return inverse(power, func(i int, p float32) float32 { return 1 / (float32(r.Short[i]) * p) }),
			inverse(power, func(i int, p float32) float32 { return 1 / (float32(r.Long[i]) * p) })
	case "linear":
		return inverse(power, func(_ int, p float32) float32 { return 1 / p / float32(r.Factor) }), nil
	case "llama3":
		return inverse(power, func(_ int, p float32) float32 { return r.llama3(1 / p) }), nil
	case "yarn":
		return inverse(power, r.yarn()), nil
	}
	return inverse(power, func(_ int, p float32) float32 { return 1 / p }), nil
}

func inverse(power []float32, of func(i int, p float32) float32) []float64 {
	inv := make([]float64, len(power))
	for i, p := range power {
		inv[i] = float64(of(i, p))
	}
	return inv
}

// llama3 keeps short wavelengths, stretches long ones and blends between.
func (r *Rope) llama3(inv float32) float32 {
	wave, orig := 1/inv*float32(2*math.Pi), float32(r.Original) // torch divides a number by a tensor so
	low, high, factor := float32(r.LowFreq), float32(r.HighFreq), float32(r.Factor)
	switch {
	case wave < orig/high:
		return inv
	case wave > orig/low:
		return inv / factor
	}
	s := (1/wave*orig - low) / (high - low)
	return float32((1-s)*inv/factor) + float32(s*inv) // no fused multiply-add
}

// yarn blends stretched and original angles along a ramp between two rotation counts.
func (r *Rope) yarn() func(i int, p float32) float32 {
	turn := func(rotations float64) float64 {
		return float64(r.Dim) * math.Log(float64(r.Original)/(rotations*2*math.Pi)) / (2 * math.Log(r.Theta))
	}
	low, high := turn(r.BetaFast), turn(r.BetaSlow)
	if r.Truncate {
		low, high = math.Floor(low), math.Ceil(high)
	}
	low, high = max(low, 0), min(high, float64(r.Dim-1))
	if low == high {
		high += 0.001
	}
	return func(i int, p float32) float32 {
		kept := 1 - min(1, max(0, (float32(i)-float32(low))/float32(high-low)))
		return float32(1/(float32(r.Factor)*p)*(1-kept)) + float32(1/p*kept)
	}
}
