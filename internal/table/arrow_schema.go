package table

import (
	"fmt"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// arrowSchema is our schema in arrow-go's words, metadata in sorted order.
func arrowSchema(s *Schema) *arrow.Schema {
	keys := slices.Sorted(maps.Keys(s.Meta))
	values := make([]string, len(keys))
	for i, k := range keys {
		values[i] = s.Meta[k]
	}
	meta := arrow.NewMetadata(keys, values)
	return arrow.NewSchema(arrowFields(s.Fields), &meta)
}

func arrowFields(fields []Field) []arrow.Field {
	out := make([]arrow.Field, len(fields))
	for i, f := range fields {
		out[i] = arrow.Field{Name: f.Name, Type: arrowType(f.Type), Nullable: f.Nullable}
	}
	return out
}

func arrowType(t Type) arrow.DataType {
	switch t.kind {
	case KindString:
		return arrow.BinaryTypes.String
	case KindBytes:
		return arrow.BinaryTypes.Binary
	case KindInt64:
		return arrow.PrimitiveTypes.Int64
	case KindInt32:
		return arrow.PrimitiveTypes.Int32
	case KindFloat64:
		return arrow.PrimitiveTypes.Float64
	case KindFloat32:
		return arrow.PrimitiveTypes.Float32
	case KindBool:
		return arrow.FixedWidthTypes.Boolean
	case KindTimestamp:
		return arrow.FixedWidthTypes.Timestamp_us
	case KindList:
		return arrow.ListOfField(arrowFields(*t.in)[0])
	}
	return arrow.StructOf(arrowFields(t.Fields())...)
}

// fromArrow maps the fields of any writer's file to ours.
func fromArrow(path string, fields []arrow.Field) ([]Field, error) {
	out := make([]Field, len(fields))
	for i, f := range fields {
		t, err := typeFromArrow(path+f.Name, f.Type)
		if err != nil {
			return nil, err
		}
		out[i] = Field{Name: f.Name, Type: t, Nullable: f.Nullable}
	}
	return out, nil
}

func typeFromArrow(path string, t arrow.DataType) (Type, error) {
	switch t := t.(type) {
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType, *arrow.NullType, arrow.DecimalType:
		return String, nil
	case *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.BinaryViewType, *arrow.FixedSizeBinaryType:
		return Bytes, nil
	case *arrow.Int8Type, *arrow.Int16Type, *arrow.Int32Type, *arrow.Uint8Type, *arrow.Uint16Type:
		return Int32, nil
	case *arrow.Int64Type, *arrow.Uint32Type, *arrow.Uint64Type:
		return Int64, nil
	case *arrow.Float16Type, *arrow.Float32Type:
		return Float32, nil
	case *arrow.Float64Type:
		return Float64, nil
	case *arrow.BooleanType:
		return Bool, nil
	case *arrow.TimestampType, *arrow.Date32Type, *arrow.Date64Type:
		return Timestamp, nil
	case *arrow.DictionaryType:
		return typeFromArrow(path, t.ValueType)
	case arrow.ExtensionType:
		return typeFromArrow(path, t.StorageType())
	case arrow.ListLikeType: // lists of every kind, and maps as lists of key and value
		in, err := fromArrow(path+".", []arrow.Field{t.ElemField()})
		if err != nil {
			return Type{}, err
		}
		return ListOf(in[0]), nil
	case *arrow.StructType:
		if t.NumFields() == 0 {
			return Type{}, fmt.Errorf("column %s is a struct without fields", path)
		}
		in, err := fromArrow(path+".", t.Fields())
		return Struct(in...), err
	}
	return Type{}, fmt.Errorf("column %s: type %s is not supported", path, t)
}
