//go:build goexperiment.simd

package fewrows

import (
	"reflect"
	"simd"
	"strings"
	"sync"
	"unsafe"

	"github.com/gomlx/compute/dtypes"
)

// The layouts of GoMLX's products: rhs is [batch, k, n], or [batch, n, k]. lhs is [batch, m, k] and out [batch, m, n].
const (
	layoutPlain      = 0
	layoutTransposed = 1
)

// product is dot.DotGeneralExecFn[float32, float32]: its pointers are to types that only the library can name.
type product = func(backend unsafe.Pointer, layout int, lhs, rhs []float32, batch, m, n, k int, out []float32, node unsafe.Pointer)

// registration is dot.ImplementationRegistration. The library lets only its own packages register a product; this one is put
// in the place of a registered one, which it calls for what it does not do itself. If another version has another form of it,
// Install finds that and changes nothing (and its test fails).
type registration struct {
	_  string // name
	do any
	_  int // priority
}

//go:linkname registered github.com/gomlx/compute/internal/gobackend/dot.FindRegisteredImplementation
func registered(layout int, in, out dtypes.DType) *registration

// Install puts the product in front of the Go backend's, once, and says whether it is there: not where vectors are emulated.
var Install = sync.OnceValue(func() bool {
	if simd.Emulated() {
		return false
	}
	done := true
	for _, layout := range []int{layoutPlain, layoutTransposed} {
		done = install(registered(layout, dtypes.Float32, dtypes.Float32)) && done
	}
	return done
})

func install(r *registration) bool {
	if r == nil || !known(reflect.TypeOf(r.do)) {
		return false
	}
	was := *(*product)(unsafe.Add(unsafe.Pointer(&r.do), unsafe.Sizeof(uintptr(0)))) // the interface's second word
	var mine product = func(backend unsafe.Pointer, layout int, lhs, rhs []float32, batch, m, n, k int, out []float32, node unsafe.Pointer) {
		if m > Most {
			was(backend, layout, lhs, rhs, batch, m, n, k, out, node)
			return
		}
		multiply(layout == layoutTransposed, lhs, rhs, out, batch, m, n, k)
	}
	*(*product)(unsafe.Add(unsafe.Pointer(&r.do), unsafe.Sizeof(uintptr(0)))) = mine // the first word still says whose type it is
	return true
}

// known reports whether a registered product has the form of product.
func known(t reflect.Type) bool {
	if t == nil || t.Kind() != reflect.Func || !strings.HasSuffix(t.PkgPath(), "gobackend/dot") || t.NumOut() != 0 {
		return false
	}
	want := reflect.TypeFor[product]()
	if t.NumIn() != want.NumIn() {
		return false
	}
	for i := range t.NumIn() {
		is, should := t.In(i), want.In(i)
		pointers := is.Kind() == reflect.Pointer && should.Kind() == reflect.UnsafePointer
		if !pointers && is.Kind() != should.Kind() || is.Kind() == reflect.Slice && is.Elem() != should.Elem() {
			return false
		}
	}
	return true
}
