package quant

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"fettle/internal/safetensors"
)

// Matrix is a weight in 4 bits.
type Matrix struct {
	Spec
	Packed []byte
	AbsMax []float32 // of each block; nil when nested
	Nested Nested
}

// Spec is what one knows of a Matrix without its data.
type Spec struct {
	Kind        string // "nf4" or "fp4"
	Shape       []int
	DType       safetensors.DType // what dequantised values are rounded to: the type the matrix had
	Values      [16]float32       // of the codes
	Block       int
	Double      bool // its absmax are nested
	NestedMap   Map8
	NestedBlock int
	Offset      float32
}

// Len is the number of weights.
func (s *Spec) Len() int {
	n := 1
	for _, d := range s.Shape {
		n *= d
	}
	return n
}

// Pack quantises a matrix to NF4.
func Pack(values []float32, shape []int, d safetensors.DType, double bool) *Matrix {
	m := new(packer).pack(values, shape, d, double)
	return &m
}

// packer quantises one matrix after the other into memory that it uses again.
type packer struct {
	packed []byte
	absmax []float32
}

func (p *packer) pack(values []float32, shape []int, d safetensors.DType, double bool) Matrix {
	m := Matrix{Spec: outline(shape, d, double)}
	p.packed, p.absmax = room(p.packed, (len(values)+1)/2), room(p.absmax, blocks(len(values), Block))
	quantise(values, p.packed, p.absmax)
	m.Packed, m.AbsMax = p.packed, p.absmax
	if double {
		m.Nested, m.AbsMax = nest(p.absmax), nil
		m.Offset = m.Nested.Offset
	}
	return m
}

func room[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// outline is what is known of an NF4 matrix before its values are.
func outline(shape []int, d safetensors.DType, double bool) Spec {
	s := Spec{Kind: "nf4", Shape: shape, DType: d, Values: NF4, Block: Block}
	if double {
		s.Double, s.NestedMap, s.NestedBlock = true, Signed, Block8
	}
	return s
}

// Floats are the weights as the program computes with them: dequantised and rounded to the type they had.
func (m *Matrix) Floats() ([]float32, error) {
	absmax := m.AbsMax
	if m.Double {
		absmax = m.Nested.Unnest(&m.NestedMap, m.NestedBlock)
	}
	out := dequantise(m.Packed, absmax, m.Values, m.Len(), m.Block)
	if m.DType == safetensors.F32 {
		return out, nil
	}
	data, err := safetensors.Encode(m.DType, out)
	if err != nil {
		return nil, err
	}
	return safetensors.Decode(m.DType, data)
}

// quantState is the JSON that bitsandbytes lays beside the bytes.
type quantState struct {
	Kind         string  `json:"quant_type"`
	Block        int     `json:"blocksize"`
	DType        string  `json:"dtype"`
	Shape        []int   `json:"shape"`
	NestedBlock  int     `json:"nested_blocksize"`
	NestedDType  string  `json:"nested_dtype"`
	NestedOffset float32 `json:"nested_offset"`
}

const stateKey = ".quant_state.bitsandbytes__"

// Tensors are the matrix as bitsandbytes stores it under a parameter's name.
func (m *Matrix) Tensors(name string) []safetensors.Tensor {
	state := m.state()
	all := []safetensors.Tensor{
		raw(name, safetensors.U8, m.Packed, len(m.Packed), 1),
		raw(name+stateKey+m.Kind, safetensors.U8, state, len(state)),
		safetensors.FromFloat32(name+".quant_map", safetensors.F32, m.Values[:], len(m.Values)),
	}
	if !m.Double {
		return append(all, safetensors.FromFloat32(name+".absmax", safetensors.F32, m.AbsMax, len(m.AbsMax)))
	}
	return append(all,
		raw(name+".absmax", safetensors.U8, m.Nested.Codes, len(m.Nested.Codes)),
		safetensors.FromFloat32(name+".nested_absmax", safetensors.F32, m.Nested.AbsMax, len(m.Nested.AbsMax)),
		safetensors.FromFloat32(name+".nested_quant_map", safetensors.F32, m.NestedMap[:], len(m.NestedMap)))
}

func raw(name string, d safetensors.DType, data []byte, shape ...int) safetensors.Tensor {
	return safetensors.Tensor{Info: safetensors.Info{Name: name, DType: d, Shape: shape}, Data: func() ([]byte, error) { return data, nil }}
}

var torchNames = map[safetensors.DType]string{safetensors.F32: "float32", safetensors.BF16: "bfloat16", safetensors.F16: "float16"}

// state is written as Python's json.dumps does, so that our files equal those of bitsandbytes.
func (m *Matrix) state() []byte {
	dims := make([]string, len(m.Shape))
	for i, d := range m.Shape {
		dims[i] = strconv.Itoa(d)
	}
	s := fmt.Sprintf(`{"quant_type": %q, "blocksize": %d, "dtype": %q, "shape": [%s]`, m.Kind, m.Block, torchNames[m.DType], strings.Join(dims, ", "))
	if m.Double {
		s += fmt.Sprintf(`, "nested_blocksize": %d, "nested_dtype": "float32", "nested_offset": %s`, m.NestedBlock, pythonFloat(float64(m.Offset)))
	}
	return []byte(s + "}")
}

// pythonFloat is repr(v).
func pythonFloat(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// stored are the keys of a parameter in the form of bitsandbytes; nil when it has no quant_state.
func stored(f *safetensors.File, name string) []string {
	var keys []string
	for _, kind := range []string{"nf4", "fp4"} {
		if _, ok := f.Info(name + stateKey + kind); ok {
			keys = append(keys, name+stateKey+kind)
		}
	}
	if keys == nil {
		return nil
	}
	for _, suffix := range []string{"", ".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map"} {
		if _, ok := f.Info(name + suffix); ok {
			keys = append(keys, name+suffix)
		}
	}
	return keys
}

// Read reads a parameter that bitsandbytes stored.
func Read(f *safetensors.File, name string) (*Matrix, error) { return readWith(f, name, f.Bytes) }

// Describe says what a parameter is that bitsandbytes stored, from its quant_state and the header alone.
func Describe(f *safetensors.File, name string) (Spec, error) {
	keys := stored(f, name)
	if len(keys) == 0 {
		return Spec{}, fmt.Errorf("tensor %s has no quant_state", name)
	}
	s, err := readSpec(f, keys[0])
	if err != nil {
		return s, fmt.Errorf("4-bit tensor %s: %w", name, err)
	}
	return s, nil
}

// readWith reads the packed values by one of the file's methods.
func readWith(f *safetensors.File, name string, packed func(name string) ([]byte, error)) (*Matrix, error) {
	keys := stored(f, name)
	if len(keys) == 0 {
		return nil, fmt.Errorf("tensor %s has no quant_state", name)
	}
	m, err := read(f, name, keys[0], packed)
	if err != nil {
		return nil, fmt.Errorf("4-bit tensor %s: %w", name, err)
	}
	return m, nil
}

func read(f *safetensors.File, name, key string, packed func(name string) ([]byte, error)) (*Matrix, error) {
	spec, err := readSpec(f, key)
	if err != nil {
		return nil, err
	}
	m := &Matrix{Spec: spec}
	if m.Packed, err = packed(name); err != nil {
		return nil, err
	}
	if want := (m.Len() + 1) / 2; len(m.Packed) != want { // whatever type bnb_4bit_quant_storage gave it
		return nil, fmt.Errorf("%d bytes, want %d for shape %v: a quant_state lies beside a weight that is not in 4 bits", len(m.Packed), want, m.Shape)
	}
	if err := floats(f, name+".quant_map", m.Values[:]); err != nil {
		return nil, err
	}
	return m, m.readAbsMax(f, name)
}

func readSpec(f *safetensors.File, key string) (Spec, error) {
	data, err := f.Bytes(key)
	if err != nil {
		return Spec{}, err
	}
	var s quantState
	if err := json.Unmarshal(data, &s); err != nil {
		return Spec{}, fmt.Errorf("quant_state: %w", err)
	}
	d, err := safetensors.ParseDType(s.DType)
	if err != nil || !d.Float() {
		return Spec{}, fmt.Errorf("quant_state: dtype %q: want float32, bfloat16 or float16", s.DType)
	}
	if s.Block < 1 || s.Block%2 != 0 || s.NestedBlock < 0 {
		return Spec{}, fmt.Errorf("quant_state: blocksize %d, nested_blocksize %d", s.Block, s.NestedBlock)
	}
	return Spec{Kind: s.Kind, Shape: s.Shape, DType: d, Block: s.Block, NestedBlock: s.NestedBlock, Offset: s.NestedOffset}, nil
}

func (m *Matrix) readAbsMax(f *safetensors.File, name string) error {
	n := blocks(m.Len(), m.Block)
	if m.NestedBlock == 0 {
		m.AbsMax = make([]float32, n)
		return floats(f, name+".absmax", m.AbsMax)
	}
	codes, err := f.Bytes(name + ".absmax")
	if err != nil {
		return err
	}
	if len(codes) != n {
		return fmt.Errorf("%d nested absmax, want %d", len(codes), n)
	}
	m.Double = true
	m.Nested = Nested{Codes: codes, AbsMax: make([]float32, blocks(n, m.NestedBlock)), Offset: m.Offset}
	if err := floats(f, name+".nested_quant_map", m.NestedMap[:]); err != nil {
		return err
	}
	return floats(f, name+".nested_absmax", m.Nested.AbsMax)
}

// floats reads a float tensor of exactly len(dst) values.
func floats(f *safetensors.File, name string, dst []float32) error {
	values, err := f.Float32(name)
	if err != nil {
		return err
	}
	if len(values) != len(dst) {
		return fmt.Errorf("%s has %d values, want %d", name, len(values), len(dst))
	}
	copy(dst, values)
	return nil
}
