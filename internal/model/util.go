package model

import (
	"bytes"
	"encoding/json"
)

// strict decodes JSON and refuses fields that the struct does not have.
func strict(data []byte, dst any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(dst)
}

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
