package table

import (
	"io"
)

// squeezed puts a codec's encoder on top of a file.
func squeezed(file io.Writer, squeeze string, s *Schema, c codec) (encoder, error) {
	return c.create(file, s)
}
