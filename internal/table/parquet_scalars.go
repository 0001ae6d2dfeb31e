package table

import (
	"io"

	"github.com/parquet-go/parquet-go"
)

// scalars reads a list of scalars that are never null into a slice of their own type.
func (c *parquetCursor) scalars(a *assembler) (any, error) {
	leaf := &c.leaves[a.first]
	convert := a.in[0].leaf
	switch a.in[0].field.Type.kind {
	case KindInt32:
		return gather(leaf, a, func(v parquet.Value) (int32, error) { return v.Int32(), nil })
	case KindInt64:
		return gather(leaf, a, through[int64](convert))
	case KindFloat32:
		return gather(leaf, a, func(v parquet.Value) (float32, error) {
			f, err := convert(v)
			if err != nil {
				return 0, err
			}
			return float32(f.(float64)), nil
		})
	case KindFloat64:
		return gather(leaf, a, through[float64](convert))
	case KindBool:
		return gather(leaf, a, through[bool](convert))
	}
	return gather(leaf, a, through[string](convert))
}

func through[E any](convert convert) func(parquet.Value) (E, error) {
	return func(v parquet.Value) (e E, err error) {
		any, err := convert(v)
		if err != nil {
			return e, err
		}
		return any.(E), nil
	}
}

func gather[E any](leaf *leafCursor, a *assembler, get func(parquet.Value) (E, error)) ([]E, error) {
	var list []E
	for {
		v, err := leaf.peek()
		if err == io.EOF || (err == nil && len(list) > 0 && v.RepetitionLevel() != a.rep) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		e, err := get(*v)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		leaf.at++
	}
}
