package syntax_test

import (
	"errors"
	"testing"

	"fettle/internal/jinja/syntax"
)

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, text string
		want       syntax.Pos
	}{
		{"comment", "ab\n{# c", syntax.Pos{Line: 2, Col: 1}},
		{"raw", "{% raw %}x", syntax.Pos{Line: 1, Col: 1}},
		{"brackets", "{{ (1] }}", syntax.Pos{Line: 1, Col: 6}},
		{"character", "é {{ $ }}", syntax.Pos{Line: 1, Col: 6}},
		{"windows line ends", "a\r\nb\r\n{% nope %}", syntax.Pos{Line: 3, Col: 4}},
		{"break outside a loop", "{% break %}", syntax.Pos{Line: 1, Col: 4}},
		{"assignment", "{% set 1 = 2 %}", syntax.Pos{Line: 1, Col: 8}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := syntax.Parse(tc.text)
			if fault, ok := errors.AsType[*syntax.Error](err); !ok || fault.Pos != tc.want {
				t.Errorf("error %v at %+v, want %+v", err, fault, tc.want)
			}
		})
	}
}

// FuzzParse: any text gives statements or an *Error within the text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a{{ b.c[1:2]|d(e=1) is f }}", "{%- for a, b in c if d recursive -%}{% break %}{% else %}{% endfor +%}",
		"{% macro m(a, b=1) %}{% call m() %}{% endcall %}{% endmacro %}", "{% raw -%} {{ {%- endraw %}", "{#- x +#}\n", `{{ "\u00e9\x4" 'b' }}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := syntax.Parse(text)
		if fault, ok := errors.AsType[*syntax.Error](err); err != nil && (!ok || fault.Line < 1 || fault.Col < 1) {
			t.Errorf("error %v at %+v", err, fault)
		}
	})
}
