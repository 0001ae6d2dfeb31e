package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"fettle/internal/disk"
	"fettle/internal/safetensors"
	"fettle/schemas"
)

// checkpoint is the part of a state that is not tensors, as JSON. Floats are kept exactly: JSON writes the shortest decimal
// that reads back as the same bits.
type checkpoint struct {
	Step    int               `json:"step"`
	Epoch   int               `json:"epoch"`
	History []schemas.Step    `json:"history"`
	Sum     []float64         `json:"sum"`
	Tokens  []int64           `json:"tokens"`
	Ended   []schemas.RowLoss `json:"ended"`
}

// save writes a checkpoint under dir and removes the older ones. It appears by a rename: whole or not at all.
func (s *state) save(dir string, names []string) error {
	final := filepath.Join(dir, fmt.Sprintf("checkpoint-%08d", s.step))
	if _, err := os.Stat(final); err == nil {
		return nil
	}
	tmp := final + ".tmp"
	if err := errors.Join(os.RemoveAll(tmp), os.MkdirAll(tmp, 0o755)); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	err := s.write(tmp, names)
	if err == nil {
		err = os.Rename(tmp, final)
	}
	if err != nil { // half a checkpoint would keep a full disk full
		return fmt.Errorf("save checkpoint: %w", errors.Join(err, os.RemoveAll(tmp)))
	}
	if err := toDisk(dir); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	for _, name := range disk.Glob(dir, "checkpoint-*") {
		if name != final {
			if err := os.RemoveAll(name); err != nil {
				return fmt.Errorf("remove old checkpoint: %w", err)
			}
		}
	}
	return nil
}

func (s *state) write(dir string, names []string) error {
	var all []safetensors.Tensor
	err := s.each(names, func(name string, at **tensors.Tensor) error {
		t, err := stored(name, *at)
		all = append(all, t)
		return err
	})
	if err != nil {
		return err
	}
	if err := safetensors.Write(filepath.Join(dir, "state.safetensors"), all, nil); err != nil {
		return err
	}
	c := checkpoint{Step: s.step, Epoch: s.losses.epoch, History: s.history, Sum: s.losses.sum, Tokens: s.losses.tokens, Ended: s.losses.ended}
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "state.json")
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		return err
	}
	return errors.Join(toDisk(path), toDisk(filepath.Join(dir, "state.safetensors")), toDisk(dir))
}

// each visits every tensor of the state under the name that a checkpoint gives it.
func (s *state) each(names []string, visit func(name string, at **tensors.Tensor) error) error {
	for i, weight := range names {
		if err := visit("weight."+weight, &s.weights[i]); err != nil {
			return err
		}
		for k, kept := range s.keeps[i] {
			if err := visit(kept+"."+weight, &s.kept[i][k]); err != nil {
				return err
			}
		}
	}
	for i, t := range s.best {
		if err := visit(bestPrefix+names[i], &t); err != nil {
			return err
		}
		s.best[i] = t
	}
	return nil
}

// bestPrefix stands before the names of the best weights so far.
const bestPrefix = "best."

func stored(name string, t *tensors.Tensor) (safetensors.Tensor, error) {
	dims := t.Shape().Dimensions
	if t.DType() == dtypes.Uint8 {
		codes, err := tensors.CopyFlatData[byte](t)
		return safetensors.Tensor{Info: safetensors.Info{Name: name, DType: safetensors.U8, Shape: dims}, Data: func() ([]byte, error) { return codes, nil }}, err
	}
	values, err := tensors.CopyFlatData[float32](t)
	return safetensors.FromFloat32(name, safetensors.F32, values, dims...), err
}

func restored(f *safetensors.File, name string, shape shapes.Shape) (*tensors.Tensor, error) {
	if shape.DType == dtypes.Uint8 {
		codes, err := f.Bytes(name)
		if err == nil && len(codes) != shape.Size() {
			err = fmt.Errorf("%s has %d codes, want %d", name, len(codes), shape.Size())
		}
		if err != nil {
			return nil, err
		}
		return tensors.FromFlatDataAndDimensions(codes, shape.Dimensions...), nil
	}
	values, err := f.Float32(name)
	if err != nil {
		return nil, err
	}
	return tensors.FromFlatDataAndDimensions(values, shape.Dimensions...), nil
}

func toDisk(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// restore goes on from the newest checkpoint under dir; false when there is none.
func (s *state) restore(dir string, names []string) (bool, error) {
	newest := ""
	for _, name := range disk.Glob(dir, "checkpoint-*") {
		if !strings.HasSuffix(name, ".tmp") {
			newest = max(newest, name)
		}
	}
	if newest == "" {
		return false, nil
	}
	if err := s.read(newest, names); err != nil {
		return false, fmt.Errorf("read checkpoint %s: %w (remove the folder to start from the beginning)", newest, err)
	}
	return true, nil
}

func (s *state) read(dir string, names []string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "state.json"))
	if err != nil {
		return err
	}
	var c checkpoint
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	if len(c.Sum) != len(s.losses.sum) {
		return fmt.Errorf("it is of %d conversations, the data has %d", len(c.Sum), len(s.losses.sum))
	}
	f, err := safetensors.Open(filepath.Join(dir, "state.safetensors"))
	if err != nil {
		return err
	}
	defer f.Close()
	if _, ok := f.Info(bestPrefix + names[0]); ok {
		s.best = slices.Clone(s.weights) // for their shapes
	}
	err = s.each(names, func(name string, at **tensors.Tensor) (err error) {
		*at, err = restored(f, name, (*at).Shape())
		return err
	})
	if err != nil {
		return err
	}
	s.step, s.history = c.Step, c.History
	s.losses = rowLosses{epoch: c.Epoch, sum: c.Sum, tokens: c.Tokens, ended: c.Ended}
	return nil
}

// exists says whether a path is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
