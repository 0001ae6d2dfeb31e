package model

// or gives the first value that is not zero.
func or[T comparable](values ...T) T {
	var zero T
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}

func val[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}
