package table

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// getter gives a column's value at a row of the batch, copied.
type getter func(i int) (any, error)

func getterOf(a arrow.Array, packed bool) (getter, error) {
	get, err := valueGetter(a, packed)
	if err != nil {
		return nil, err
	}
	if a.NullN() == 0 {
		return get, nil
	}
	return func(i int) (any, error) {
		if a.IsNull(i) {
			return nil, nil
		}
		return get(i)
	}, nil
}

func valueGetter(a arrow.Array, packed bool) (getter, error) {
	switch a := a.(type) {
	case *array.Null:
		return func(int) (any, error) { return nil, nil }, nil
	case array.StringLike:
		return func(i int) (any, error) { return strings.Clone(a.Value(i)), nil }, nil
	case interface{ Value(int) []byte }: // binary of every kind
		return func(i int) (any, error) { return append([]byte{}, a.Value(i)...), nil }, nil
	case *array.Boolean:
		return func(i int) (any, error) { return a.Value(i), nil }, nil
	case *array.Dictionary:
		return dictionaryGetter(a, packed)
	case array.ExtensionArray:
		return getterOf(a.Storage(), packed)
	case array.ListLike:
		return listGetter(a, packed)
	case *array.Struct:
		return structGetter(a, packed)
	}
	if get := numberGetter(a); get != nil {
		return get, nil
	}
	if get := timeGetter(a); get != nil {
		return get, nil
	}
	return nil, fmt.Errorf("type %s is not supported", a.DataType())
}

func numberGetter(a arrow.Array) getter {
	switch a := a.(type) {
	case *array.Int8:
		return func(i int) (any, error) { return int64(a.Value(i)), nil }
	case *array.Int16:
		return func(i int) (any, error) { return int64(a.Value(i)), nil }
	case *array.Int32:
		return func(i int) (any, error) { return int64(a.Value(i)), nil }
	case *array.Int64:
		return func(i int) (any, error) { return a.Value(i), nil }
	case *array.Uint8:
		return func(i int) (any, error) { return int64(a.Value(i)), nil }
	case *array.Uint16:
		return func(i int) (any, error) { return int64(a.Value(i)), nil }
	case *array.Uint32:
		return func(i int) (any, error) { return int64(a.Value(i)), nil }
	case *array.Uint64:
		return func(i int) (any, error) {
			if a.Value(i) > math.MaxInt64 {
				return nil, fmt.Errorf("%d does not fit int64", a.Value(i))
			}
			return int64(a.Value(i)), nil
		}
	case *array.Float16:
		return func(i int) (any, error) { return float64(a.Value(i).Float32()), nil }
	case *array.Float32:
		return func(i int) (any, error) { return float64(a.Value(i)), nil }
	case *array.Float64:
		return func(i int) (any, error) { return a.Value(i), nil }
	case *array.Decimal32:
		scale := int(a.DataType().(arrow.DecimalType).GetScale())
		return func(i int) (any, error) { return point(big.NewInt(int64(a.Value(i))), scale), nil }
	case *array.Decimal64:
		scale := int(a.DataType().(arrow.DecimalType).GetScale())
		return func(i int) (any, error) { return point(big.NewInt(int64(a.Value(i))), scale), nil }
	case *array.Decimal128:
		scale := int(a.DataType().(arrow.DecimalType).GetScale())
		return func(i int) (any, error) { return point(a.Value(i).BigInt(), scale), nil }
	case *array.Decimal256:
		scale := int(a.DataType().(arrow.DecimalType).GetScale())
		return func(i int) (any, error) { return point(a.Value(i).BigInt(), scale), nil }
	}
	return nil
}

func timeGetter(a arrow.Array) getter {
	switch a := a.(type) {
	case *array.Timestamp:
		unit := a.DataType().(*arrow.TimestampType).Unit
		return func(i int) (any, error) { return instant(int64(a.Value(i)), unit), nil }
	case *array.Date32:
		return func(i int) (any, error) { return time.Unix(int64(a.Value(i))*86400, 0).UTC(), nil }
	case *array.Date64:
		return func(i int) (any, error) { return time.UnixMilli(int64(a.Value(i))).UTC(), nil }
	}
	return nil
}

func instant(n int64, unit arrow.TimeUnit) time.Time {
	switch unit {
	case arrow.Second:
		return time.Unix(n, 0).UTC()
	case arrow.Millisecond:
		return time.UnixMilli(n).UTC()
	case arrow.Nanosecond:
		return time.Unix(0, n).UTC()
	}
	return time.UnixMicro(n).UTC()
}

func dictionaryGetter(a *array.Dictionary, packed bool) (getter, error) {
	get, err := getterOf(a.Dictionary(), packed)
	if err != nil {
		return nil, err
	}
	return func(i int) (any, error) { return get(a.GetValueIndex(i)) }, nil
}

func structGetter(a *array.Struct, packed bool) (getter, error) {
	fields := make([]getter, a.NumField())
	for i := range fields {
		get, err := getterOf(a.Field(i), packed)
		if err != nil {
			return nil, err
		}
		fields[i] = get
	}
	return func(i int) (any, error) {
		row := make(Row, len(fields))
		for k, get := range fields {
			v, err := get(i)
			if err != nil {
				return nil, err
			}
			row[k] = v
		}
		return row, nil
	}, nil
}

func listGetter(a array.ListLike, packed bool) (getter, error) {
	if packed && !a.DataType().(arrow.ListLikeType).ElemField().Nullable {
		if get := scalarsGetter(a); get != nil {
			return get, nil
		}
	}
	elem, err := getterOf(a.ListValues(), packed)
	if err != nil {
		return nil, err
	}
	return func(i int) (any, error) {
		start, end := a.ValueOffsets(i)
		list := make([]any, end-start)
		for k := range list {
			v, err := elem(int(start) + k)
			if err != nil {
				return nil, err
			}
			list[k] = v
		}
		return list, nil
	}, nil
}

func scalarsGetter(a array.ListLike) getter {
	switch in := a.ListValues().(type) {
	case *array.Int32:
		return sliceGetter(a, in.Int32Values())
	case *array.Int64:
		return sliceGetter(a, in.Int64Values())
	case *array.Float32:
		return sliceGetter(a, in.Float32Values())
	case *array.Float64:
		return sliceGetter(a, in.Float64Values())
	case *array.String:
		return func(i int) (any, error) {
			start, end := a.ValueOffsets(i)
			list := make([]string, end-start)
			for k := range list {
				list[k] = strings.Clone(in.Value(int(start) + k))
			}
			return list, nil
		}
	}
	return nil
}

func sliceGetter[E any](a array.ListLike, values []E) getter {
	return func(i int) (any, error) {
		start, end := a.ValueOffsets(i)
		return append([]E{}, values[start:end]...), nil
	}
}
