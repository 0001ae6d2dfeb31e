//go:build !(xla && cgo && linux)

package backend

// Prepare does nothing: no backend of this build needs another environment.
func Prepare(...string) {}
