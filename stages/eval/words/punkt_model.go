package words

import "strings"

// The English Punkt model (NLTK's punkt_tab) as far as lower-case text can reach it.

// abbreviations are words that keep their full stop.
var abbreviations = set(strings.Fields(`
	a.a a.c a.d a.g a.h a.m a.m.e a.s a.t adm ala ariz aug ave b.f b.v bros c c.i.t c.o.m.b c.v calif chg cie co
	col colo conn corp cos ct d d.c d.h d.w dec dr e e.f e.h e.l e.m f f.g f.j feb fla fri ft g g.d g.f g.k ga gen
	h h.c h.f h.m i.m.s ill inc j.b j.c j.j j.k j.p j.r jan jr k kan ky l l.a l.f l.p lt ltd m m.b.a m.d.c m.j maj
	messrs mg mich minn mr mrs ms n n.c n.d n.h n.j n.m n.v n.y nev nov oct ok okla ore p p.a.m p.m pa ph.d prof r
	r.a r.h r.i r.j r.k r.t rep reps s s.a s.a.y s.c s.g s.p.a s.s sen sep sept sr st sw t t.j tenn tues u.k u.n
	u.s u.s.a u.s.s.r v va vs vt w w.c w.r w.va w.w wash wed wis yr
`), ". . ")

// collocations are pairs that a full stop does not part: a number and a word, an initial and a name.
var collocations = set(append(
	prefixed("##number## ", `
	abreast aes business cbot colgate commodities cooper corrections credit dividend financing genentech henley
	insider international leisure letters notable pay-fone pegasus pepper review rj wedgestone who zimmer
`),
	"b edelman", "b levine", "b smith", "b stewart", "b wigton", "i magnin", "i toussie", "j aron", "j fialka", "j walter", "o ludcke",
))

// lowerStarters were seen to start sentences in lower case and never in upper case.
var lowerStarters = set(strings.Fields("administrators b-week r-revised z-holiday"))

func set(list []string, more ...string) map[string]bool {
	out := map[string]bool{}
	for _, w := range append(list, more...) {
		out[w] = true
	}
	return out
}

func prefixed(prefix, list string) []string {
	out := strings.Fields(list)
	for i := range out {
		out[i] = prefix + out[i]
	}
	return out
}
