// Package jinja renders the Jinja templates of Hugging Face models to the byte as transformers does with Jinja2's immutable
// sandbox: a template goes in as text, with variables as Python values (package py); out come the text and the spans of its
// {% generation %} blocks. package syntax holds the grammar.
//
// What a template can do is bounded. It reads only the variables given; it has no files, no attributes of Go values, no clock
// but the pinned one; its steps, its nesting and the bytes it makes have limits. Whatever it does wrong is an *Error with the
// template's line and column and the Python class of the exception; a panic of another kind is a bug of this package.
//
// A new filter is one entry of the table in filters.go, a new test one of tests.go.
package jinja
