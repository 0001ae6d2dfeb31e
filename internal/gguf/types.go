package gguf

import (
	"fmt"
	"strings"
)

// Type is how a tensor's values are stored, by llama.cpp's numbers (ggml_type).
type Type uint32

// The types that can be written and read.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q5_0 Type = 6
	Q8_0 Type = 8
	BF16 Type = 30
)

type trait struct {
	name     string
	block    int // values in a block
	bytes    int // bytes of a block
	fileType uint32
}

// fileType is general.file_type (llama_ftype): what most tensors of a file are.
var traits = map[Type]trait{
	F32: {"f32", 1, 4, 0}, F16: {"f16", 1, 2, 1}, BF16: {"bf16", 1, 2, 32},
	Q4_0: {"q4_0", 32, 18, 2}, Q4_1: {"q4_1", 32, 20, 3}, Q5_0: {"q5_0", 32, 22, 8}, Q8_0: {"q8_0", 32, 34, 7},
}

// Types are all of them, the most exact first.
var Types = []Type{F32, BF16, F16, Q8_0, Q5_0, Q4_1, Q4_0}

func (t Type) String() string {
	if tr, ok := traits[t]; ok {
		return tr.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Quantised says whether the type rounds blocks of values together.
func (t Type) Quantised() bool { return traits[t].block > 1 }

// Fits says whether rows of n values can be stored so: blocks do not cross rows.
func (t Type) Fits(n int) bool { return traits[t].block > 0 && n%traits[t].block == 0 }

// Size is the number of bytes of n values in whole blocks.
func (t Type) Size(n int) int { return n / traits[t].block * traits[t].bytes }

// ParseType reads the name of a type ("q8_0", "bf16").
func ParseType(name string) (Type, error) {
	var known []string
	for _, t := range Types {
		if strings.EqualFold(traits[t].name, name) {
			return t, nil
		}
		known = append(known, traits[t].name)
	}
	return 0, fmt.Errorf("gguf type %q: want one of %s", name, strings.Join(known, ", "))
}
