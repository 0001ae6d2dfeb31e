package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"fettle/stages/eval/verdict"
)

// The plots are SVG whose x coordinates are per cent of the width: they fit any screen, and text keeps its size.

// scale maps values to per cent of the width.
type scale struct {
	low, high float64
	log       bool
}

func (s scale) at(v float64) float64 {
	low, high := s.low, s.high
	if s.log {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	return 100 * min(1, max(0, (v-low)/(high-low)))
}

// pointScale spans all effects and zero, widened to whole tens of points.
func (v view) pointScale() scale {
	s := scale{low: -0.1, high: 0.1}
	for _, x := range v.Verdicts {
		for _, f := range x.Findings {
			if !f.Time && f.N > 0 {
				s.low, s.high = min(s.low, f.Low), max(s.high, f.High)
			}
		}
	}
	s.low, s.high = math.Floor(s.low*10-0.2)/10, math.Ceil(s.high*10+0.2)/10
	return s
}

// timeScale spans the ratios of times, from a power of two to one.
func (v view) timeScale() scale {
	low, high := 0.5, 2.0
	for _, x := range v.Verdicts {
		for _, f := range x.Findings {
			if f.Time && f.N > 0 {
				for low > f.Low {
					low /= 2
				}
				for high < f.High {
					high *= 2
				}
			}
		}
	}
	return scale{low, high, true}
}

func (v view) scaleOf(f verdict.Finding) scale {
	if f.Time {
		return v.timeScale()
	}
	return v.pointScale()
}

// Strip draws one row of the forest plot: the interval, the effect, no difference, and the loss that is allowed.
func (v view) Strip(f verdict.Finding) template.HTML {
	s := v.scaleOf(f)
	none := 0.0
	if f.Time {
		none = 1
	}
	var b strings.Builder
	value, low, high := effect(f)
	fmt.Fprintf(&b, `<svg class="strip %s" role="img" width="100%%" height="28"><title>%s [%s, %s]</title>`, f.Shows, value, low, high)
	fmt.Fprintf(&b, `<line class="none" x1="%.2f%%" x2="%.2f%%" y1="-4" y2="32"/>`, s.at(none), s.at(none))
	if f.Threshold != none {
		fmt.Fprintf(&b, `<line class="margin" x1="%.2f%%" x2="%.2f%%" y1="-4" y2="32"/>`, s.at(f.Threshold), s.at(f.Threshold))
	}
	if f.N > 0 {
		fmt.Fprintf(&b, `<line class="interval" x1="%.2f%%" x2="%.2f%%" y1="14" y2="14"/>`, s.at(f.Low), s.at(f.High))
		for _, seed := range f.Seeds {
			if len(f.Seeds) > 1 {
				fmt.Fprintf(&b, `<circle class="seed" cx="%.2f%%" cy="14" r="2.5"/>`, s.at(seed.Effect))
			}
		}
		fmt.Fprintf(&b, `<circle class="effect" cx="%.2f%%" cy="14" r="5"/>`, s.at(f.Effect))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// Axis draws the ticks under the forest plot, of points or of ratios.
func (v view) Axis(time bool) template.HTML {
	s := v.scaleOf(verdict.Finding{Time: time})
	var b strings.Builder
	b.WriteString(`<svg class="axis" aria-hidden="true" width="100%" height="18">`)
	for _, tick := range ticks(s) {
		label := points(tick, 0)
		if time {
			label = fmt.Sprintf("%g×", tick)
		}
		x, anchor := s.at(tick), "middle"
		switch {
		case x < 4:
			anchor = "start"
		case x > 96:
			anchor = "end"
		}
		fmt.Fprintf(&b, `<text x="%.2f%%" y="13" text-anchor="%s">%s</text>`, x, anchor, label)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// ticks are at most seven round values inside a scale.
func ticks(s scale) []float64 {
	var out []float64
	if s.log {
		step := 2.0
		for math.Log(s.high/s.low)/math.Log(step) > 6 {
			step *= 2
		}
		for v := 1.0; v >= s.low*0.999; v /= step {
			out = append(out, v)
		}
		for v := step; v <= s.high*1.001; v *= step {
			out = append(out, v)
		}
		return out
	}
	step := 0.1
	for _, wider := range []float64{0.2, 0.25, 0.5} {
		if (s.high-s.low)/step > 6 {
			step = wider
		}
	}
	for k := math.Ceil(s.low/step - 1e-9); k*step <= s.high+1e-9; k++ {
		out = append(out, k*step)
	}
	return out
}

// Bars draws the latency of the systems: the parts of the median, and a whisker to the 95th percentile.
func (v view) Bar(l Latency) template.HTML {
	widest := 0.0
	for _, x := range v.Latency {
		widest = max(widest, x.P95, x.Search+x.Prompt+x.Answer)
	}
	if widest == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="bar" role="img" width="100%%" height="22"><title>p50 %s, p95 %s</title>`, seconds(l.P50), seconds(l.P95))
	x := 0.0
	for _, part := range []struct {
		class string
		value float64
	}{{"search", l.Search}, {"prompt", l.Prompt}, {"answer", l.Answer}} {
		w := 100 * part.value / widest
		fmt.Fprintf(&b, `<rect class="%s" x="%.2f%%" y="4" width="%.2f%%" height="14"/>`, part.class, x, w)
		x += w
	}
	p95 := 100 * l.P95 / widest
	fmt.Fprintf(&b, `<line class="whisker" x1="%.2f%%" x2="%.2f%%" y1="11" y2="11"/><line class="whisker" x1="%.2f%%" x2="%.2f%%" y1="6" y2="16"/></svg>`,
		x, p95, min(p95, 99.8), min(p95, 99.8))
	return template.HTML(b.String())
}

// Judged says whether the training was on preferences.
func (v view) Judged() bool { return len(v.Losses) > 0 && v.Losses[0].Judged }

// HeldOut says whether there is a loss on rows kept out.
func (v view) HeldOut() bool { return len(v.Losses) > 0 && len(v.Losses[0].Held) > 0 }

// LossCurve draws the training loss of every seed over the steps, and that on rows kept out where it was taken.
func (v view) LossCurve() template.HTML {
	return v.curve("loss", func(c Curve) []line {
		return []line{{"loss", c.Steps, c.Loss}, {"loss held", c.HeldSteps, c.Held}}
	})
}

// RightCurve draws the share of the pairs that are ranked as they should be.
func (v view) RightCurve() template.HTML {
	return v.curve("accuracy", func(c Curve) []line { return []line{{"loss", c.Steps, c.Right}} })
}

// line is values over steps.
type line struct {
	class  string
	steps  []int64
	values []float64
}

func (v view) curve(title string, of func(Curve) []line) template.HTML {
	var top, last float64
	for _, c := range v.Losses {
		for _, l := range of(c) {
			for i, y := range l.values {
				top, last = max(top, y), max(last, float64(l.steps[i]))
			}
		}
	}
	if top == 0 || last == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`<div class="curve"><svg viewBox="0 0 1000 300" preserveAspectRatio="none" role="img"><title>` + title + `</title>`)
	for k := range 5 {
		fmt.Fprintf(&b, `<line class="grid" x1="0" x2="1000" y1="%d" y2="%d"/>`, k*75, k*75)
	}
	for i, c := range v.Losses {
		for _, l := range of(c) {
			var pts strings.Builder
			for j, y := range l.values {
				fmt.Fprintf(&pts, "%.1f,%.1f ", 1000*float64(l.steps[j])/last, 300-300*y/top)
			}
			if pts.Len() > 0 {
				fmt.Fprintf(&b, `<polyline class="%s seed%d" points="%s"/>`, l.class, i%3, strings.TrimSpace(pts.String()))
			}
		}
	}
	fmt.Fprintf(&b, `</svg><span class="top">%.2f</span><span class="zero">0</span><span class="last">%.0f</span></div>`, top, last)
	return template.HTML(b.String())
}
