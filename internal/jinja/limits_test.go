package jinja_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/jinja"
	"fettle/internal/jinja/py"
)

// TestErrors: every fault names the template, its line and column, and the class of Python's exception.
func TestErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"raise_exception", "a\n{{ raise_exception('roles must alternate') }}", "case:2:19: TemplateError: roles must alternate"},
		{"attribute of undefined", "\n\n{% if x.y.z %}{% endif %}", "case:3:9: UndefinedError: 'x' is undefined"},
		{"operand", "你好{{ 'a' +\n 1 }}", `case:1:6: TypeError: can only concatenate str (not "int") to str`},
		{"filter", "{{ 1|nosuch }}", "case:1:6: TemplateRuntimeError: No filter named 'nosuch'."},
		{"inside a macro", "{% macro m(a) %}\n{{ a.b.c }}{% endmacro %}\n{{ m({}) }}", "case:2:8: UndefinedError: 'dict object' has no attribute 'b'"},
		{"syntax", "{% if x %}\n  {{ 1 + }}\n{% endif %}", "case:2:10: TemplateSyntaxError: unexpected 'end of print statement'"},
		{"tag left open", "abc\n {% if x", "case:2:2: TemplateSyntaxError: unexpected end of template, the tag opened here is not closed"},
		{"body left open", "{% for x in y %}", "case:1:17: TemplateSyntaxError: unexpected end of template, looking for [endfor else]"},
		{"unknown tag", "{% do x %}", "case:1:4: TemplateSyntaxError: Encountered unknown tag 'do'"},
		{"another file", "{% include '/etc/passwd' %}", "case:1:4: TemplateSyntaxError: 'include' reads another file, which a chat template may not"},
		{"unsafe attribute", "{{ ''.__class__.__mro__ }}", "case:1:17: SecurityError: access to attribute '__class__' of 'str' object is unsafe."},
		{"changing a list", "{{ [1].append(2) }}", "case:1:14: SecurityError: access to attribute 'append' of 'list' object is unsafe."},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := render(tc.text, &py.Dict{})
			if err == nil {
				t.Fatalf("no error, want %s", tc.want)
			}
			if diff := cmp.Diff(tc.want, err.Error()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestLimits: templates that would use up time, memory or stack fail instead.
func TestLimits(t *testing.T) {
	deep := "{% set n = namespace(x=[]) %}{% for i in range(20000) %}{% set n.x = [n.x] %}{% endfor %}"
	tests := []struct{ name, text, class string }{
		{"steps", "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "LimitError"},
		{"output", "{% for i in range(100000) %}{{ 'x' * 100000 }}{% endfor %}", "LimitError"},
		{"built text", "{% set n = namespace(x='x' * 60000000) %}{% for i in range(100) %}{% set x = n.x ~ 'y' %}{% endfor %}", "LimitError"},
		{"one string", "{{ 'x' * 10**9 }}", "MemoryError"},
		{"overflow", "{{ 'xx' * (2**62 + 1) }}", "MemoryError"},
		{"one list", "{{ [1, 2] * 10**9 }}", "MemoryError"},
		{"padding", "{{ 'x'.ljust(10**12) }}", "MemoryError"},
		{"format width", "{{ '%1000000000d' % 1 }}", "ValueError"},
		{"power", "{{ 10**100**1000 }}", "MemoryError"},
		{"power of powers", "{{ 3**(2**70) }}", "MemoryError"},
		{"range", "{{ range(10**6) }}", "OverflowError"},
		{"recursion", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "RecursionError"},
		{"deep repr", deep + "{{ n.x }}", "RecursionError"},
		{"deep JSON", deep + "{{ n.x|tojson }}", "RecursionError"},
		{"deep equality", deep + "{% set a = n.x %}" + deep + "{{ a == n.x }}", "RecursionError"},
		{"deep order", deep + "{% set a = n.x %}" + deep + "{{ a < n.x }}", "RecursionError"},
		{"deep key", "{% set n = namespace(x=()) %}{% for i in range(100000) %}{% set n.x = (n.x,) %}{% endfor %}{{ {n.x: 1} }}", "RecursionError"},
		{"deep expression", "{{ " + strings.Repeat("(", 100000) + "1" + strings.Repeat(")", 100000) + " }}", "TemplateSyntaxError"},
		{"deep not", "{{ " + strings.Repeat("not ", 100000) + "1 }}", "TemplateSyntaxError"},
		{"deep minus", "{{ " + strings.Repeat("-", 100000) + "1 }}", "TemplateSyntaxError"},
		{"deep tags", strings.Repeat("{% if x %}", 100000), "TemplateSyntaxError"},
		{"the clock", "{{ strftime_now('%Y') }}", "LimitError"},
		{"random text", "{{ lipsum(1) }}", "LimitError"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tmpl, err := jinja.Parse("case", tc.text)
			if err == nil {
				_, err = tmpl.Render(&py.Dict{}, jinja.Options{MaxSteps: 1_000_000})
			}
			if err == nil || !strings.Contains(err.Error(), tc.class) {
				t.Errorf("error %v, want a %s", err, tc.class)
			}
		})
	}
}

func TestGeneration(t *testing.T) {
	tests := []struct {
		name, text, want string
		spans            []jinja.Span
		unplaced         bool
	}{
		{"bytes", "你{% generation %}é!{% endgeneration %}.", "你é!.", []jinja.Span{{3, 6}}, false},
		{"trimmed", "a  {%- generation -%}  b  {%- endgeneration -%}  c", "abc", []jinja.Span{{1, 2}}, false},
		{"loop", "{% for i in [1, 22] %}<{% generation %}{{ i }}{% endgeneration %}>{% endfor %}", "<1><22>", []jinja.Span{{1, 2}, {4, 6}}, false},
		{"empty", "a{% generation %}{% endgeneration %}", "a", []jinja.Span{{1, 1}}, false},
		{"in a variable", "{% set x %}a{% generation %}b{% endgeneration %}{% endset %}{{ x }}", "ab", nil, true},
		{"in a macro", "{% macro m() %}{% generation %}b{% endgeneration %}{% endmacro %}{{ m() }}", "b", nil, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := render(tc.text, &py.Dict{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(jinja.Result{Text: tc.want, Generation: tc.spans, Unplaced: tc.unplaced}, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestConcurrent: one template renders in many goroutines.
func TestConcurrent(t *testing.T) {
	tmpl, err := jinja.Parse("case", "{% macro m(x) %}[{{ x }}]{% endmacro %}{% set ns = namespace(n=0) %}{% for i in l %}{% set ns.n = ns.n + i %}{{ m(ns.n) }}{% endfor %}")
	if err != nil {
		t.Fatal(err)
	}
	vars := py.Pairs("l", py.List{int64(1), int64(2)})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			got, err := tmpl.Render(vars, jinja.Options{})
			if err != nil || got.Text != "[1][3]" {
				t.Errorf("got %q, %v", got.Text, err)
			}
		})
	}
	all.Wait()
}

// FuzzRender: no template text makes anything but text or an *Error, whatever it does; nothing hangs.
func FuzzRender(f *testing.F) {
	vars, cases := oracleCases(f)
	for _, c := range cases {
		f.Add(c.Template)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tmpl, err := jinja.Parse("fuzz", text)
		if err != nil {
			if _, ok := err.(*jinja.Error); !ok {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		o := jinja.Options{Now: frozen, MaxSteps: 20_000, MaxOutput: 1 << 20}
		first, err := tmpl.Render(vars, o)
		again, errAgain := tmpl.Render(vars, o)
		if diff := cmp.Diff(first, again); diff != "" || (err == nil) != (errAgain == nil) {
			t.Errorf("two renderings differ: %v, %v\n%s", err, errAgain, diff)
		}
		for _, s := range first.Generation {
			if s.Start > s.End || s.End > len(first.Text) {
				t.Errorf("span %v of %d bytes", s, len(first.Text))
			}
		}
	})
}
