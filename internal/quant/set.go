package quant

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/model"
	"fettle/internal/safetensors"
)

// Set knows which parameters of a model are in 4 bits. Its formats fill it while the weights are read. A nil Set is a model
// that is not quantised. The weights of a parameter P in it are P (the bytes), P.absmax and, nested, P.nested_absmax.
type Set struct {
	specs map[string]*Spec
}

// Options say how plain matrices are quantised as they are read.
type Options struct {
	Double bool     `json:"double" jsonschema:"double quantisation: the scales in 8 bits too (bnb_4bit_use_double_quant)"`
	Skip   []string `json:"skip" jsonschema:"modules left as they are, by a part of their path; lm_head always is (llm_int8_skip_modules)"`
}

// Formats are what model.Loader needs: checkpoints of bitsandbytes as they are and, with options, plain ones quantised.
func (s *Set) Formats(o *Options) []model.Format {
	formats := []model.Format{bitsandbytes{s}}
	if o != nil {
		formats = append(formats, onLoad{s, *o, &packer{}})
	}
	return formats
}

type bitsandbytes struct{ set *Set }

func (b bitsandbytes) Keys(f *safetensors.File, p model.Parameter) []string { return stored(f, p.Name) }

func (b bitsandbytes) Load(f *safetensors.File, p model.Parameter) (model.Weights, error) {
	m, err := readWith(f, p.Name, f.Borrow) // what is borrowed is copied into the weights
	if err != nil {
		return nil, err
	}
	if !slices.Equal(m.Shape, p.Shape) {
		return nil, fmt.Errorf("4-bit tensor %s has shape %v, want %v", p.Name, m.Shape, p.Shape)
	}
	return b.set.add(p.Name, m), nil
}

type onLoad struct {
	set *Set
	Options
	packer *packer
}

func (o onLoad) Keys(f *safetensors.File, p model.Parameter) []string {
	info, ok := f.Info(p.Name)
	if !ok || !o.takes(p) || !info.DType.Float() || !slices.Equal(info.Shape, p.Shape) {
		return nil
	}
	return []string{p.Name}
}

func (o onLoad) Load(f *safetensors.File, p model.Parameter) (model.Weights, error) {
	info, _ := f.Info(p.Name)
	values, err := f.BorrowFloat32(p.Name)
	if err != nil {
		return nil, err
	}
	d := info.DType
	if d == safetensors.F64 {
		d = safetensors.F32
	}
	m := o.packer.pack(values, p.Shape, d, o.Double)
	return o.set.add(p.Name, &m), nil
}

// takes reports whether a plain parameter is quantised as it is read.
func (o Options) takes(p model.Parameter) bool {
	return p.Linear() && !o.skips(strings.TrimSuffix(p.Name, ".weight"))
}

func (o Options) skips(module string) bool {
	if module == "lm_head" {
		return true
	}
	return slices.ContainsFunc(o.Skip, func(s string) bool {
		return module == s || strings.HasPrefix(module, s+".") || strings.HasSuffix(module, "."+s) || strings.Contains(module, "."+s+".")
	})
}

func (s *Set) put(name string, spec Spec) {
	if s.specs == nil {
		s.specs = map[string]*Spec{}
	}
	s.specs[name] = &spec
}

// add copies a matrix into weights.
func (s *Set) add(name string, m *Matrix) model.Weights {
	s.put(name, m.Spec)
	w := model.Weights{name: tensors.FromFlatDataAndDimensions(m.Packed, len(m.Packed))}
	if m.Double {
		w[name+".absmax"] = tensors.FromFlatDataAndDimensions(m.Nested.Codes, len(m.Nested.Codes))
		w[name+".nested_absmax"] = tensors.FromFlatDataAndDimensions(m.Nested.AbsMax, len(m.Nested.AbsMax))
	} else {
		w[name+".absmax"] = tensors.FromFlatDataAndDimensions(m.AbsMax, len(m.AbsMax))
	}
	return w
}

// Len is how many parameters are in 4 bits.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.specs)
}

// Spec describes a parameter; nil when it is not in 4 bits.
func (s *Set) Spec(name string) *Spec {
	if s == nil {
		return nil
	}
	return s.specs[name]
}

// Names are the weights that stand for a parameter: itself, and what its quantisation keeps beside it.
func (s *Set) Names(name string) []string {
	switch spec := s.Spec(name); {
	case spec == nil:
		return []string{name}
	case spec.Double:
		return []string{name, name + ".absmax", name + ".nested_absmax"}
	}
	return []string{name, name + ".absmax"}
}

// Shapes are those of the weights that Names lists for a parameter in 4 bits.
func (s *Set) Shapes(name string) []shapes.Shape {
	spec := s.Spec(name)
	n := blocks(spec.Len(), spec.Block)
	packed := shapes.Make(dtypes.Uint8, (spec.Len()+1)/2)
	if spec.Double {
		return []shapes.Shape{packed, shapes.Make(dtypes.Uint8, n), shapes.Make(dtypes.Float32, blocks(n, spec.NestedBlock))}
	}
	return []shapes.Shape{packed, shapes.Make(dtypes.Float32, n)}
}

// Matrix takes a parameter in 4 bits out of the weights.
func (s *Set) Matrix(w model.Weights, name string) (*Matrix, error) {
	spec := s.Spec(name)
	if spec == nil {
		return nil, fmt.Errorf("tensor %s is not in 4 bits", name)
	}
	m := &Matrix{Spec: *spec}
	var err error
	read := func(name string, dst any) {
		t := w[name]
		switch {
		case err != nil:
		case t == nil:
			err = fmt.Errorf("weight %s is missing", name)
		default:
			switch dst := dst.(type) {
			case *[]byte:
				*dst, err = tensors.CopyFlatData[byte](t)
			case *[]float32:
				*dst, err = tensors.CopyFlatData[float32](t)
			}
		}
	}
	read(name, &m.Packed)
	if spec.Double {
		m.Nested.Offset = spec.Offset
		read(name+".absmax", &m.Nested.Codes)
		read(name+".nested_absmax", &m.Nested.AbsMax)
	} else {
		read(name+".absmax", &m.AbsMax)
	}
	return m, err
}

// Floats are the values of a parameter, dequantised where it is in 4 bits.
func (s *Set) Floats(w model.Weights, name string) ([]float32, error) {
	if s.Spec(name) != nil {
		m, err := s.Matrix(w, name)
		if err != nil {
			return nil, err
		}
		return m.Floats()
	}
	t := w[name]
	if t == nil {
		return nil, fmt.Errorf("weight %s is missing", name)
	}
	if t.DType() != dtypes.BFloat16 {
		return tensors.CopyFlatData[float32](t)
	}
	out := make([]float32, 0, t.Shape().Size())
	err := tensors.ConstFlatData(t, func(flat []bfloat16.BFloat16) {
		for _, v := range flat {
			out = append(out, v.Float32())
		}
	})
	return out, err
}

// Dense are the weights of the same model with every matrix dequantised: what an adapter that was trained on them is merged
// into. Weights in plain floats are shared, not copied.
func (s *Set) Dense(m *model.Model, w model.Weights) (model.Weights, error) {
	out := model.Weights{}
	for _, p := range m.Parameters() {
		if s.Spec(p.Name) == nil {
			out[p.Name] = w[p.Name]
			continue
		}
		values, err := s.Floats(w, p.Name)
		if err != nil {
			return nil, err
		}
		out[p.Name] = tensors.FromFlatDataAndDimensions(values, p.Shape...)
	}
	return out, nil
}

// Save writes the weights as bitsandbytes does; parameters that are not in 4 bits are stored as d.
func (s *Set) Save(path string, m *model.Model, w model.Weights, d safetensors.DType) error {
	var all []safetensors.Tensor
	for _, p := range m.Parameters() {
		if s.Spec(p.Name) == nil {
			values, err := s.Floats(w, p.Name)
			if err != nil {
				return fmt.Errorf("save weights: %w", err)
			}
			all = append(all, safetensors.FromFloat32(p.Name, d, values, p.Shape...))
			continue
		}
		matrix, err := s.Matrix(w, p.Name)
		if err != nil {
			return fmt.Errorf("save weights: %w", err)
		}
		all = append(all, matrix.Tensors(p.Name)...)
	}
	return safetensors.Write(path, all, map[string]string{"format": "pt"})
}
