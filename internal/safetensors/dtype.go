package safetensors

import "fmt"

// DType is a type name as the format spells it.
type DType string

const (
	Bool DType = "BOOL"
	U8   DType = "U8"
	I8   DType = "I8"
	I16  DType = "I16"
	U16  DType = "U16"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I32  DType = "I32"
	U32  DType = "U32"
	F32  DType = "F32"
	F64  DType = "F64"
	I64  DType = "I64"
	U64  DType = "U64"
	F8E4 DType = "F8_E4M3"
	F8E5 DType = "F8_E5M2"
)

var sizes = map[DType]int{
	Bool: 1, U8: 1, I8: 1, F8E4: 1, F8E5: 1, I16: 2, U16: 2, F16: 2, BF16: 2, I32: 4, U32: 4, F32: 4, F64: 8, I64: 8, U64: 8,
}

// Size is the number of bytes of one element; 0 for a type that the format does not know.
func (d DType) Size() int { return sizes[d] }

// Float reports whether values of the type convert to float32 (8-bit floats need a scale and are not among them).
func (d DType) Float() bool { return d == F32 || d == BF16 || d == F16 || d == F64 }

// ParseDType accepts the spelling of the format and that of config.json ("bfloat16", "torch.float32").
func ParseDType(s string) (DType, error) {
	switch s {
	case "bfloat16", "torch.bfloat16", "bf16", "BF16":
		return BF16, nil
	case "float16", "torch.float16", "f16", "fp16", "half", "F16":
		return F16, nil
	case "float32", "torch.float32", "f32", "fp32", "float", "F32":
		return F32, nil
	}
	if d := DType(s); d.Size() > 0 {
		return d, nil
	}
	return "", fmt.Errorf("dtype %q: want bf16, f16 or f32", s)
}
