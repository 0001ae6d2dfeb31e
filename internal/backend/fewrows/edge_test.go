//go:build goexperiment.simd && unix

package fewrows

import (
	"fmt"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// Nothing behind the last number of a matrix is read, or written: where the heap ends there is no memory.
func TestNothingIsReadBehindTheEnd(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, turned := range []bool{false, true} {
		for _, m := range []int{1, 2, 3} {
			for size := 1; size < 40; size++ {
				for _, d := range [][2]int{{size, 7}, {7, size}, {size, size}} {
					n, k := d[0], d[1]
					t.Run(fmt.Sprintf("turned %v, %dx%dx%d", turned, m, n, k), func(t *testing.T) {
						defer func() {
							if fault := recover(); fault != nil {
								t.Error(fault)
							}
						}()
						multiply(turned, atTheEnd(t, m*k), atTheEnd(t, k*n), atTheEnd(t, m*n), 1, m, n, k)
					})
				}
			}
		}
	}
}

// atTheEnd are n numbers with no memory behind them.
func atTheEnd(t *testing.T, n int) []float32 {
	t.Helper()
	page := syscall.Getpagesize()
	size := (4*n + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(memory[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&memory[size-4*n])), n)
}
