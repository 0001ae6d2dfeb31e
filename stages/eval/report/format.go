package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"

	"fettle/stages/eval/verdict"
)

// percent prints a share: "48%", "0.4%" below one per cent.
func percent(v float64) string {
	switch p := v * 100; {
	case p == 0 || p >= 0.995:
		return fmt.Sprintf("%.0f%%", p)
	default:
		return fmt.Sprintf("%.1f%%", p)
	}
}

// span prints an interval of shares: "1–8%".
func span(low, high float64) string {
	return strings.TrimSuffix(percent(low), "%") + "–" + percent(high)
}

// points prints a difference of shares in percentage points, with its sign.
func points(v float64, decimals int) string {
	s := fmt.Sprintf("%+.*f", decimals, v*100)
	if strings.Trim(s, "+-0.") == "" {
		return "0"
	}
	return strings.Replace(s, "-", "−", 1)
}

func times(v float64) string { return strconv.FormatFloat(v, 'f', digits(v), 64) + "×" }

func digits(v float64) int {
	if v >= 10 {
		return 0
	}
	return 1 + bit(v < 2)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// seconds prints a duration with two digits: "8.4 ms", "1.2 s".
func seconds(v float64) string {
	switch {
	case v >= 0.9995:
		return fmt.Sprintf("%.2g s", v)
	case v >= 0.00995:
		return fmt.Sprintf("%.0f ms", v*1000)
	case v > 0:
		return fmt.Sprintf("%.1f ms", v*1000)
	}
	return "0"
}

// pvalue prints a p-value as journals do.
func pvalue(p float64) string {
	switch {
	case p < 0.001:
		return "< .001"
	case p > 0.995:
		return "1"
	}
	return strings.TrimPrefix(strconv.FormatFloat(p, 'f', 2+bit(p < 0.1), 64), "0")
}

// effect prints a finding's effect and interval, without units, all to the same place.
func effect(f verdict.Finding) (value, low, high string) {
	if f.Time {
		return times(f.Effect), times(f.Low), times(f.High)
	}
	decimals := bit(math.Abs(f.Effect) < 0.0995)
	return points(f.Effect, decimals), points(f.Low, decimals), points(f.High, decimals)
}

// mean prints a finding's figure for one of its systems.
func mean(f verdict.Finding, v float64) string {
	if f.Time {
		return seconds(v)
	}
	return percent(v)
}

// about rounds a count to two digits and groups it: 2091 is "2,100".
func about(n int) string {
	unit := 1
	for n/unit >= 100 {
		unit *= 10
	}
	digits := strconv.Itoa((n + unit/2) / unit * unit)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// both sets a text in the two languages, of which the page shows one.
func both(en, zh string) template.HTML {
	return template.HTML(`<span class="en" lang="en">` + template.HTMLEscapeString(en) + `</span><span class="zh" lang="zh">` +
		template.HTMLEscapeString(zh) + `</span>`)
}

func text(t verdict.Text) template.HTML { return both(t.EN, t.ZH) }

// outcomeText names an outcome.
func outcomeText(o verdict.Outcome) verdict.Text {
	switch o {
	case verdict.Supported:
		return verdict.Text{EN: "Supported", ZH: "成立"}
	case verdict.Refuted:
		return verdict.Text{EN: "Refuted", ZH: "不成立"}
	case verdict.Inconclusive:
		return verdict.Text{EN: "Inconclusive", ZH: "无定论"}
	}
	return verdict.Text{EN: "Not tested here", ZH: "本次未检验"}
}
