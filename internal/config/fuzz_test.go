package config_test

import (
	"errors"
	"testing"

	"fettle/internal/config"
)

// FuzzDecode: any bytes are settings or faults with a place, and what was read can be written and read again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte(before))
	for _, c := range faulty {
		f.Add([]byte("train:\n  model: m\n  " + c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := read(string(text))
		if err != nil {
			var faults *config.Faults
			if !errors.As(err, &faults) || len(faults.List) == 0 || faults.List[0].Line < 1 || faults.List[0].Col < 1 {
				t.Fatalf("no faults with a place: %v", err)
			}
			return
		}
		data, err := config.JSON(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := read("train: " + string(data)); err != nil {
			t.Fatalf("%s\n%v", data, err)
		}
	})
}

// FuzzSet: a value that is set is read back as itself, or there is a fault.
func FuzzSet(f *testing.F) {
	f.Add("train.opt.lr", "1e-4")
	f.Add("train.operators[2].any.of[1].dedupe.column", "it's {x}, #y")
	f.Fuzz(func(t *testing.T, name, value string) {
		file, err := config.Parse("s.yaml", []byte(before))
		if err != nil {
			t.Fatal(err)
		}
		text, err := config.Set(file, []string{name + "=" + value})
		if err != nil {
			return
		}
		if _, err := config.Parse("s.yaml", text); err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
	})
}
