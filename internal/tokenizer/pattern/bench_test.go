package pattern_test

import (
	"strings"
	"testing"

	"fettle/internal/tokenizer/pattern"
)

// BenchmarkFind compares the engine with what is scanned by hand.
func BenchmarkFind(b *testing.B) {
	text := strings.Repeat("It's a long way to Tipperary, it's a long way to go (1234567 km).\n\tfor i := range 10 {}\n", 1000)
	for _, c := range []struct {
		name    string
		compile func(string, pattern.Syntax) (*pattern.Pattern, error)
	}{{"scanner", pattern.Compile}, {"engine", pattern.CompileGeneral}} {
		p, err := c.compile(pattern.CL100K, pattern.Oniguruma)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				for at := 0; at < len(text); {
					_, at = p.Find(text, at)
				}
			}
		})
	}
}
