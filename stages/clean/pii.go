package clean

import (
	"fmt"
	"slices"
	"strings"

	"fettle/stages/clean/pii"
)

// PII masks personal data and secrets: each becomes its type in brackets, [EMAIL]. A candidate is found by its shape and
// then validated (checksums, dates, parsing); characters around it, Han above all, neither hide nor fake it.
type PII struct {
	Types []string `json:"types" check:"required,minlen=1" jsonschema:"what is masked: email, cn_mobile, cn_landline, phone_intl, cn_id, bank_card, ipv4, ipv6, api_key, cn_passport, cn_plate, cn_uscc"`
}

// The identifiers that are often harmless (addresses of machines, plates, companies) are masked on request.
func init() {
	register("pii", &PII{Types: []string{pii.Email, pii.Mobile, pii.Landline, pii.Phone, pii.ResidentID, pii.Card, pii.IPv4, pii.IPv6, pii.Key}})
}

// Reasons implements Operator: pii repairs.
func (*PII) Reasons() []string { return nil }

// Check refuses unknown types.
func (p *PII) Check(fault func(field, want string)) {
	for i, t := range p.Types {
		if !slices.Contains(pii.Types, t) {
			fault(fmt.Sprintf("types[%d]", i), "one of "+strings.Join(pii.Types, ", "))
		}
	}
}

// Apply implements Judge.
func (p *PII) Apply(d *Document) Verdict {
	d.Rewrite(func(text string) string {
		var b strings.Builder
		last := 0
		for _, s := range pii.Scan(text) {
			if !slices.Contains(p.Types, s.Type) {
				continue
			}
			b.WriteString(text[last:s.Start])
			b.WriteString("[" + strings.ToUpper(s.Type) + "]")
			last = s.End
			d.Count(s.Type, 1)
		}
		if last == 0 {
			return text
		}
		b.WriteString(text[last:])
		return b.String()
	})
	return Keep
}
