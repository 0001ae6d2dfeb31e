// Package py holds the Python values that a chat template computes with: their truth, equality, order, arithmetic, indexing,
// methods, formatting and printing, as CPython 3.11 and Jinja2's immutable sandbox have them.
//
// A value is one of: nil (None), bool, int64, *big.Int (beyond 64 bits), float64, string, Markup, List, Tuple, *Dict, Range,
// *View, *Generator, *Undefined, *Func or an Object of the engine. Strings are UTF-8 here and code points in Python: lengths
// and indices count code points. No value gives access to files, the process or Go's own methods.
//
// Operations raise as Python does: they panic with an *Error, which the caller's border (jinja.Template.Render) turns into an
// error with the template's line and column. Nothing else may recover one, save where Python itself would catch it.
package py
