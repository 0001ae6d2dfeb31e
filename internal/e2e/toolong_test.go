package e2e_test

import (
	"strings"
	"testing"

	"fettle/internal/stage"
)

// What becomes of conversations that are longer than a block is what the settings say, and the report counts it.
func TestTooLong(t *testing.T) {
	p := newProject(t)
	for _, name := range stage.Sections[:2] {
		p.stage(name)
	}
	before := "pack: {length: 64, seed: 1}"
	set := func(tooLong string) {
		after := "pack: {length: 32, seed: 1, too_long: " + tooLong + "}"
		p.edit(miniStages, before, after)
		before = after
	}
	figures := func(tooLong string) (conversations, dropped, cut float64) {
		t.Helper()
		set(tooLong)
		f := p.stage("format").Figures
		number := func(name string) float64 { n, _ := f[name].(float64); return n }
		return number("conversations"), number("conversations_too_long"), number("conversations_cut")
	}
	all, dropped, cut := figures("drop")
	if dropped == 0 || dropped >= all || cut != 0 {
		t.Fatalf("drop: of %v conversations %v are dropped, %v cut", all, dropped, cut)
	}
	kept, still, cut := figures("cut") // of some that are cut nothing is left that is learnt
	if kept <= all || kept > all+dropped || still != 0 || cut != dropped {
		t.Errorf("cut: %v conversations are kept, %v dropped and %v cut; of those that are dropped else (%v) some are missing", kept, still, cut, dropped)
	}
	set("fail")
	r := p.try("format", "-config", miniStages)
	if r.code != 1 || !strings.Contains(r.stderr, "a block 32 (pack.too_long: fail)") {
		t.Errorf("fail: exit %d: %s", r.code, r.stderr)
	}
}

// A window bounds what is packed together: with windows of one that is what a row gave.
func TestPackWindow(t *testing.T) {
	p := newProject(t)
	for _, name := range stage.Sections[:2] {
		p.stage(name)
	}
	all := p.stage("format").Figures
	p.edit(miniStages, "pack: {length: 64,", "pack: {length: 64, window: 1,")
	one := p.stage("format").Figures
	if one["conversations"] != all["conversations"] || one["tokens"] != all["tokens"] {
		t.Errorf("windows of one lose something: %v, %v", one, all)
	}
	if one["blocks"].(float64) <= all["blocks"].(float64) {
		t.Errorf("%v blocks with windows of one, %v with one window: nothing more is packed together", one["blocks"], all["blocks"])
	}
}
