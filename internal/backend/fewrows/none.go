//go:build !goexperiment.simd

package fewrows

// Install does nothing: without GOEXPERIMENT=simd there are no vectors.
func Install() bool { return false }
