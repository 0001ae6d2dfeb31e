package export

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"fettle/internal/disk"
	"fettle/internal/gguf"
	"fettle/internal/model"
	"fettle/internal/safetensors"
)

// Ready finds what is wrong with an export before its work begins, all of it at once: the options, a base that cannot be read
// or that the format cannot say, an adapter too many or too few, and a folder that cannot take what will be written.
func Ready(name, dir, adapterDir string, o Options) error {
	errs := []error{o.Check()}
	if adapterDir != "" {
		if _, err := os.Stat(filepath.Join(adapterDir, "adapter_config.json")); err != nil {
			errs = append(errs, fmt.Errorf("adapter %s: it holds no adapter_config.json: want what PEFT or fettle saved", filepath.Base(adapterDir)))
		}
	}
	if o.TrainedOn != "" {
		if _, err := model.ReadConfig(o.TrainedOn); err != nil {
			errs = append(errs, fmt.Errorf("trained on: %w", err))
		}
	}
	errs = append(errs, o.fits(adapterDir != ""))
	s, err := Open(name, dir, "")
	if err != nil {
		return errors.Join(append(errs, err, o.place(dir, nil, 0))...)
	}
	defer s.Close()
	if errs[0] != nil {
		return errors.Join(append(errs, o.place(dir, nil, 0))...)
	}
	if o.Format == GGUF || o.Format == GGUFLoRA {
		errs = append(errs, s.sayable(o.Format))
	}
	names, size, err := s.targets(adapterDir, o)
	return errors.Join(append(errs, err, o.place(dir, names, size))...)
}

// fits says whether the format goes with an adapter, or with none.
func (o Options) fits(adapter bool) error {
	switch {
	case o.Format == BNB && adapter:
		return errors.New("bnb writes a base: merge the adapter first, or leave it out")
	case (o.Format == PEFT || o.Format == GGUFLoRA) && !adapter:
		return fmt.Errorf("%s: there is no adapter", o.Format)
	}
	return nil
}

// sayable says whether llama.cpp knows the model, and its way of cutting text.
func (s *Source) sayable(format string) error {
	if _, err := gguf.Places(s.Model); err != nil {
		return err
	}
	if format == GGUFLoRA {
		return nil
	}
	h, err := gguf.NewHeader(s.Model, s.Name, gguf.F32)
	if err != nil {
		return err
	}
	if sp, _ := s.speaker(); sp.tokens != nil {
		return h.AddVocab(s.Dir, s.Model.Config, nil)
	}
	return nil
}

// targets are the names that will be written, as far as they are known, and how many bytes the weights take.
func (s *Source) targets(adapterDir string, o Options) (names []string, size int64, err error) {
	names = []string{"README.md"}
	switch o.Format {
	case PEFT, GGUFLoRA:
		if info, err := os.Stat(filepath.Join(adapterDir, "adapter_model.safetensors")); err == nil {
			size = info.Size()
		}
		names = append(names, "adapter_config.json", "adapter_model.safetensors")
		if o.Format == GGUFLoRA {
			return names, size, nil
		}
		sides, err := s.sideFiles()
		return append(names, sides...), size, err
	case GGUF:
		places, err := gguf.Places(s.Model)
		if err != nil {
			return names, 0, nil // told by sayable
		}
		t, err := gguf.ParseType(or(o.DType, s.dtype()))
		for _, p := range places {
			size += int64(p.Type(t).Size(gguf.Info{Shape: p.Shape}.Len()))
		}
		return append(names, "Modelfile", fileName(s.Name)+"-"+t.String()+".gguf"), size, err
	}
	sides, err := s.sideFiles()
	names = append(append(names, "config.json", "generation_config.json"), sides...)
	d, err2 := safetensors.ParseDType(or(o.DType, s.dtype()))
	for _, p := range s.Model.Parameters() {
		n := int64(p.GraphShape().Size() * d.Size())
		if o.Format == BNB && p.Linear() {
			n /= int64(2 * d.Size())
		}
		size += n
	}
	if o.Format == BNB || size <= o.shard() {
		names = append(names, "model.safetensors")
	}
	return names, size, errors.Join(err, err2)
}

// place says whether the folder can take the files: it is a folder, not the base's own, nothing stands in a file's way, no other
// weights lie there, and the disk has room for what is written before anything is replaced.
func (o Options) place(base string, names []string, size int64) error {
	var errs []error
	info, err := os.Stat(o.To)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("-to %s is a file: want a folder", o.To)
	case err == nil && (o.Format == Merged || o.Format == BNB) && sameFolder(o.To, base):
		errs = append(errs, fmt.Errorf("-to %s is the folder of the base itself: choose another", o.To))
	case err == nil && (o.Format == Merged || o.Format == BNB):
		errs = append(errs, noOthers(names, o.To))
	}
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(o.To, name)); err == nil && info.IsDir() {
			errs = append(errs, fmt.Errorf("-to %s: %s is a folder there, and a file of that name is to be written", o.To, name))
		}
	}
	above := existing(o.To)
	if err := unix.Access(above, unix.W_OK); err != nil {
		errs = append(errs, fmt.Errorf("-to %s: %s cannot be written to: %w", o.To, above, err))
	}
	if left, err := free(above); err == nil && size > left {
		errs = append(errs, fmt.Errorf("-to %s: the disk has %.3g GB free, %.3g are needed", o.To, float64(left)/1e9, float64(size)/1e9))
	}
	return errors.Join(errs...)
}

func sameFolder(a, b string) bool {
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}

// existing is the nearest of a path and the folders above it that is there.
func existing(path string) string {
	path, err := filepath.Abs(path)
	for err == nil {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			break
		}
		path = filepath.Dir(path)
	}
	return path
}

var free = disk.Free // tests say otherwise
