package export

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
)

// Source is a base model and, if not nil, the adapter trained on it.
type Source struct {
	Name    string // of the result
	Dir     string // of the base
	Base    string // the base's name, for people
	Model   *model.Model
	Adapter *lora.Adapter
	Result  *model.Model // the model with the adapter merged in: untied where the adapter changed a tied embedding or head
	// DType is what most of the base's weights are stored as, those in 4 bits aside: what an adapter is merged into.
	DType safetensors.DType
	// Quantised counts the base's weights in 4 bits, which are dequantised.
	Quantised int

	adapterDir string
	file       *safetensors.File
	deltas     map[string]delta // by weight name: what most adapters are, merged a weight at a time
	merged     model.Weights    // all weights, for adapters that change more than projections
}

// delta is an adapter's part of one weight: W + scale · B A.
type delta struct {
	module lora.Module
	a, b   []float32
}

// Open reads the headers of a base model and the whole of an adapter (adapterDir "" = none). Every parameter must be there, as
// plain floats or in the 4 bits of bitsandbytes.
func Open(name, dir, adapterDir string) (*Source, error) {
	m, err := model.Open(dir)
	if err != nil {
		return nil, err
	}
	f, err := safetensors.Open(dir)
	if err != nil {
		return nil, err
	}
	s := &Source{Name: name, Dir: dir, Base: filepath.Base(dir), Model: m, Result: m, adapterDir: adapterDir, file: f, deltas: map[string]delta{}}
	if err := s.check(); err != nil {
		return nil, errors.Join(fmt.Errorf("read base %s: %w", filepath.Base(dir), err), f.Close())
	}
	if adapterDir != "" {
		if err := s.readAdapter(adapterDir); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return s, nil
}

// Close releases the base's files.
func (s *Source) Close() error { return s.file.Close() }

func (s *Source) check() error {
	sizes := map[safetensors.DType]int{}
	s.DType = safetensors.F32
	var faults []error
	for _, p := range s.Model.Parameters() {
		info, ok := s.file.Info(p.Name)
		switch {
		case !ok:
			faults = append(faults, fmt.Errorf("tensor %s is missing", p.Name))
		case !info.DType.Float():
			q, err := quant.Read(s.file, p.Name)
			if err != nil {
				faults = append(faults, err)
				continue
			}
			s.Quantised++
			sizes[q.DType] += q.Len()
		case !slices.Equal(info.Shape, p.Shape):
			faults = append(faults, fmt.Errorf("tensor %s has shape %v, want %v", p.Name, info.Shape, p.Shape))
		default:
			sizes[info.DType] += info.Len()
		}
	}
	for _, d := range []safetensors.DType{safetensors.F32, safetensors.F16, safetensors.BF16} {
		if sizes[d] > sizes[s.DType] {
			s.DType = d
		}
	}
	return errors.Join(faults...)
}

func (s *Source) readAdapter(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "adapter_config.json")); err != nil {
		return fmt.Errorf("read adapter: %w", err)
	}
	a, err := lora.Load(dir, s.Model)
	if err != nil {
		return err
	}
	if err := a.SameBase(s.plain); err != nil {
		return err
	}
	s.Adapter = a
	if !simple(a) {
		base, err := s.weights(s.Model, s.plain)
		if err != nil {
			return err
		}
		s.Result, s.merged, err = a.Merge(s.Model, base, lora.MergeOptions{Untie: true})
		return err
	}
	for _, m := range a.Modules {
		d := delta{module: m}
		if d.a, err = tensors.CopyFlatData[float32](a.Weights[lora.NameA(m.Name)]); err != nil {
			return fmt.Errorf("read adapter %s: %w", m.Name, err)
		}
		if d.b, err = tensors.CopyFlatData[float32](a.Weights[lora.NameB(m.Name)]); err != nil {
			return fmt.Errorf("read adapter %s: %w", m.Name, err)
		}
		s.deltas[m.Name+".weight"] = d
	}
	return nil
}

// simple says whether an adapter is A and B of projections that have weights of their own, and nothing else.
func simple(a *lora.Adapter) bool {
	if len(a.Names()) != 2*len(a.Modules) {
		return false
	}
	for _, m := range a.Modules {
		if m.Embedding || m.Name == "lm_head" || a.Weights[lora.NameA(m.Name)] == nil || a.Weights[lora.NameB(m.Name)] == nil {
			return false
		}
	}
	return true
}

// plain gives a parameter of the base in float32, dequantised where it has 4 bits.
func (s *Source) plain(name string) ([]float32, error) {
	if info, ok := s.file.Info(name); ok && !info.DType.Float() {
		q, err := quant.Read(s.file, name)
		if err != nil {
			return nil, err
		}
		return q.Floats()
	}
	return s.file.Float32(name)
}

// Merged gives a parameter in float32 with the adapter's part added; a value that is not finite is an error.
func (s *Source) Merged(name string) ([]float32, error) {
	values, err := s.unchecked(name)
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if v-v != 0 {
			return nil, fmt.Errorf("%s: value %d is %v", name, i, v)
		}
	}
	return values, nil
}

func (s *Source) unchecked(name string) ([]float32, error) {
	if s.merged != nil {
		t := s.merged[name]
		if t == nil {
			return nil, fmt.Errorf("%s is missing in the merged model", name)
		}
		return tensors.CopyFlatData[float32](t)
	}
	values, err := s.plain(name)
	if d, ok := s.deltas[name]; ok && err == nil {
		d.addTo(values)
	}
	return values, err
}

// addTo adds scale · B A to w [out, in], a row at a time in float32.
func (d delta) addTo(w []float32) {
	in, rank := d.module.In, d.module.Rank
	row, scale := make([]float32, in), float32(d.module.Scale)
	for o := range d.module.Out {
		clear(row)
		for r := range rank {
			b := d.b[o*rank+r]
			for i, a := range d.a[r*in : (r+1)*in] {
				row[i] += b * a
			}
		}
		out := w[o*in : (o+1)*in]
		for i, v := range row {
			out[i] += scale * v
		}
	}
}

// into says in words what an adapter is merged into: a merge into dequantised weights keeps their rounding, one into the 16-bit
// weights meets a base that the adapter was not trained on, and neither is always the better one.
func (s *Source) into() string {
	if s.Quantised > 0 {
		return fmt.Sprintf("%s (%d weights of 4 bits, dequantised to %s)", s.Base, s.Quantised, strings.ToLower(string(s.DType)))
	}
	return fmt.Sprintf("%s (%s weights as stored)", s.Base, strings.ToLower(string(s.DType)))
}

// weights gathers a model's parameters from a function into tensors.
func (s *Source) weights(m *model.Model, from func(name string) ([]float32, error)) (model.Weights, error) {
	w := model.Weights{}
	for _, p := range m.Parameters() {
		values, err := from(p.Name)
		if err != nil {
			return nil, err
		}
		w[p.Name] = tensors.FromFlatDataAndDimensions(values, p.Shape...)
	}
	return w, nil
}
