// Package examples shows how to extend fettle, in code that compiles and is tested: a source, a record shape, a metric. The
// guide (docs/guide/extending.md) walks through them. It has tests only.
package examples
