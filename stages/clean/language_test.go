package clean_test

import (
	"testing"

	"fettle/stages/clean"
)

// TestLanguageKeepsTheShort: what is too short to tell is kept, and what the pii operator left behind is in no language.
func TestLanguageKeepsTheShort(t *testing.T) {
	op := &clean.Language{Languages: []string{"en", "zh"}}
	for text, want := range map[string]string{
		"Translate to French": "",
		"Describe Paris":      "",
		"print('hello')":      "",
		"手机：[CN_MOBILE] 或 [CN_MOBILE]，请回电。":              "",
		"Call [CN_MOBILE] or write to [EMAIL]":           "",
		"Der Zug nach Hamburg fährt heute später ab.":    "other_language",
		"Schreib an [EMAIL], wenn du noch Fragen hast.":  "other_language",
		"Le train pour Lyon part plus tard aujourd'hui.": "other_language",
	} {
		if got := run(t, op, 1, texts(text))[0].Reason; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
