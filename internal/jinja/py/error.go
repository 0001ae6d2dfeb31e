package py

import "fmt"

// Error is a Python exception: the class a reference renderer would raise and its text.
type Error struct {
	Class string // TypeError, UndefinedError, SecurityError, ...
	Msg   string
}

func (e *Error) Error() string { return e.Class + ": " + e.Msg }

// Errorf makes an exception; raise it with panic.
func Errorf(class, format string, args ...any) *Error {
	return &Error{Class: class, Msg: fmt.Sprintf(format, args...)}
}

func typeErrorf(format string, args ...any) *Error { return Errorf("TypeError", format, args...) }

// Try runs f and returns the exception it raised, nil when none; other panics pass.
func Try(f func()) (err *Error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			err = r
		default:
			panic(r)
		}
	}()
	f()
	return nil
}
