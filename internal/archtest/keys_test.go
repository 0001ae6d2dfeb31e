package archtest_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fettle/internal/config"
	"fettle/internal/stage"
	"fettle/stages/clean"
	"fettle/stages/eval"
	"fettle/stages/format"
	"fettle/stages/ingest"
	"fettle/stages/train"
)

var update = flag.Bool("update", false, "rewrite the golden list")

// Settings that stay out of the key are the dangerous kind: a change of one must never change a byte of data. So each is named
// in a list that a person has read.
func TestSettingsOutsideTheKey(t *testing.T) {
	const golden = "testdata/outside_the_key.txt"
	var got strings.Builder
	for _, s := range []stage.Stage{ingest.Stage, clean.Stage, format.Stage, train.Stage, eval.Stage} {
		for _, f := range config.Fields(s.Sample()) {
			switch {
			case f.Path != "":
				got.WriteString(s.Title() + "." + f.Name + ": the path; the content of the " + f.Path + " enters\n")
			case !f.InKey:
				got.WriteString(s.Title() + "." + f.Name + "\n")
			}
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("settings outside the key (-want +got); -update rewrites %s:\n%s", golden, diff)
	}
}

// A run's lock file writes every setting out: what a default leaves empty must be taken when it is written.
func TestDefaultsAreTakenWhenWritten(t *testing.T) {
	for _, s := range []stage.Stage{ingest.Stage, clean.Stage, format.Stage, train.Stage, eval.Stage} {
		raw, err := config.JSON(s.Sample())
		if err != nil {
			t.Fatal(err)
		}
		f, err := config.Parse("defaults.yaml", []byte(`{"`+s.Title()+`": `+string(raw)+`}`))
		if err != nil {
			t.Fatal(err)
		}
		var faults *config.Faults
		if err := f.Decode(s.Title(), s.Sample()); errors.As(err, &faults) {
			for _, fault := range faults.List {
				if !must(s, fault.Setting) {
					t.Errorf("%v", fault)
				}
			}
		}
	}
}

// must says whether a setting has no default.
func must(s stage.Stage, name string) bool {
	for _, f := range config.Fields(s.Sample()) {
		if f.Must && s.Title()+"."+f.Name == name {
			return true
		}
	}
	return false
}
