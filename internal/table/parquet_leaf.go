package table

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

type convert = func(parquet.Value) (any, error)

// leafType maps a leaf column of any writer to our types, without loss of a value.
func leafType(c *parquet.Column, element *format.SchemaElement) (Type, convert, error) {
	switch element.LogicalType.Value.(type) {
	case *format.NullType: // a column that was null in every row
		return String, func(parquet.Value) (any, error) { return nil, nil }, nil
	case *format.Float16Type:
		return Float32, func(v parquet.Value) (any, error) { return float64(half(v.ByteArray())), nil }, nil
	}
	if lt := c.Type().LogicalType(); lt != nil {
		if t, f, known, err := logicalType(lt.Value, c.Type()); known || err != nil {
			return t, f, err
		}
	}
	switch c.Type().Kind() {
	case parquet.Boolean:
		return Bool, func(v parquet.Value) (any, error) { return v.Boolean(), nil }, nil
	case parquet.Int32:
		return Int32, func(v parquet.Value) (any, error) { return int64(v.Int32()), nil }, nil
	case parquet.Int64:
		return Int64, func(v parquet.Value) (any, error) { return v.Int64(), nil }, nil
	case parquet.Int96:
		return Timestamp, int96, nil
	case parquet.Float:
		return Float32, func(v parquet.Value) (any, error) { return float64(v.Float()), nil }, nil
	case parquet.Double:
		return Float64, func(v parquet.Value) (any, error) { return v.Double(), nil }, nil
	case parquet.ByteArray, parquet.FixedLenByteArray:
		if element.Type.Valid {
			return Bytes, func(v parquet.Value) (any, error) { return append([]byte{}, v.ByteArray()...), nil }, nil
		}
	}
	return Type{}, nil, fmt.Errorf("type %s is not supported", c.Type())
}

func logicalType(lt format.LogicalTypeValue, t parquet.Type) (_ Type, _ convert, known bool, err error) {
	switch lt := lt.(type) {
	case *format.StringType, *format.EnumType, *format.JsonType:
		return String, func(v parquet.Value) (any, error) { return string(v.ByteArray()), nil }, true, nil
	case *format.UUIDType:
		return String, func(v parquet.Value) (any, error) { return uuid(v.ByteArray()) }, true, nil
	case *format.DecimalType:
		return String, func(v parquet.Value) (any, error) { return decimal(v, int(lt.Scale)), nil }, true, nil
	case *format.DateType:
		return Timestamp, func(v parquet.Value) (any, error) { return time.Unix(int64(v.Int32())*86400, 0).UTC(), nil }, true, nil
	case *format.TimestampType:
		return Timestamp, timestamp(lt.Unit), true, nil
	case *format.IntType:
		if lt.IsSigned {
			return Type{}, nil, false, nil
		}
		return unsigned(t.Kind(), lt.BitWidth)
	case *format.TimeType, *format.VariantType, *format.GeometryType, *format.GeographyType:
		return Type{}, nil, false, fmt.Errorf("type %s is not supported", lt)
	}
	return Type{}, nil, false, nil
}

func unsigned(kind parquet.Kind, bits int8) (Type, convert, bool, error) {
	if kind == parquet.Int64 {
		return Int64, func(v parquet.Value) (any, error) {
			if v.Int64() < 0 {
				return nil, fmt.Errorf("%d does not fit int64", uint64(v.Int64()))
			}
			return v.Int64(), nil
		}, true, nil
	}
	if bits < 32 {
		return Int32, func(v parquet.Value) (any, error) { return int64(v.Uint32()), nil }, true, nil
	}
	return Int64, func(v parquet.Value) (any, error) { return int64(v.Uint32()), nil }, true, nil
}

func timestamp(unit format.TimeUnit) convert {
	switch unit.Value.(type) {
	case *format.MilliSeconds:
		return func(v parquet.Value) (any, error) { return time.UnixMilli(v.Int64()).UTC(), nil }
	case *format.NanoSeconds:
		return func(v parquet.Value) (any, error) { return time.Unix(0, v.Int64()).UTC(), nil }
	}
	return func(v parquet.Value) (any, error) { return time.UnixMicro(v.Int64()).UTC(), nil }
}

// int96 is the time stamp of old Impala and Spark: nanoseconds of the day, then the Julian day number.
func int96(v parquet.Value) (any, error) {
	const epoch = 2440588 // Julian day of 1970-01-01
	i := v.Int96()
	nanos := int64(i[1])<<32 | int64(i[0])
	return time.Unix((int64(int32(i[2]))-epoch)*86400, nanos).UTC(), nil
}

func uuid(b []byte) (any, error) {
	if len(b) != 16 {
		return nil, fmt.Errorf("a UUID of %d bytes", len(b))
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]), nil
}

// decimal is the exact text of an unscaled two's complement number.
func decimal(v parquet.Value, scale int) string {
	n := new(big.Int)
	switch v.Kind() {
	case parquet.Int32:
		n.SetInt64(int64(v.Int32()))
	case parquet.Int64:
		n.SetInt64(v.Int64())
	default:
		b := v.ByteArray()
		n.SetBytes(b)
		if len(b) > 0 && b[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	return point(n, scale)
}

func point(n *big.Int, scale int) string {
	if scale <= 0 {
		return n.String() + strings.Repeat("0", -scale)
	}
	digits := new(big.Int).Abs(n).String()
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale+1-len(digits)) + digits
	}
	s := digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	if n.Sign() < 0 {
		return "-" + s
	}
	return s
}

// half widens an IEEE 754 binary16, little endian.
func half(b []byte) float32 {
	if len(b) != 2 {
		return float32(math.NaN())
	}
	h := binary.LittleEndian.Uint16(b)
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch {
	case exp == 31:
		return math.Float32frombits(sign | 255<<23 | frac<<13)
	case exp == 0:
		f := float32(frac) / (1 << 24) // subnormal: frac·2^-24
		return math.Float32frombits(sign | math.Float32bits(f))
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}
