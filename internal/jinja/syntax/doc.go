// Package syntax reads Jinja templates as Hugging Face sets Jinja2 up: trim_blocks and lstrip_blocks on, one trailing newline
// dropped, the loopcontrols extension and the {% generation %} tag. What needs a loader (extends, include, import) is refused:
// a chat template is one file and reaches no other.
//
// Parse turns text into statements; every node knows its line and column. Grammar and lexing follow Jinja2 3.1.6, with its
// quirks: an unparenthesised tuple is an expression, `not` binds looser than comparison, `~` tighter than `+`.
package syntax
