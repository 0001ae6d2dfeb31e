package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fettle/internal/backend/plugin"
)

// Dagu hides the shell's variables from its steps: each of fettle's own that a stage reads is passed on.
func TestVariablesReachTheStages(t *testing.T) {
	not := map[string]string{
		"FETTLE_STORE": "always given", "FETTLE_RUN": "given by each DAG", "FETTLE_API_KEY": "of serve",
		"FETTLE_SHARED": "of tests", "FETTLE_TEST_BACKEND": "of tests", "FETTLE_PARITY": "of tests",
		"FETTLE_PJRT_": "the two below",
	}
	read := []string{plugin.Variable("xla:cpu"), plugin.Variable("xla:cuda")}
	literal := regexp.MustCompile(`"(FETTLE_[A-Z_]+)"`)
	for _, dir := range []string{"../../internal", "../../stages"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "rundagu.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range literal.FindAllStringSubmatch(string(text), -1) {
				if not[m[1]] == "" {
					read = append(read, m[1])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Contains(read, "FETTLE_MEMORY") {
		t.Fatalf("the search finds %q only", read)
	}
	for _, name := range read {
		t.Setenv(name, "set")
	}
	env := new(App).environment("store")
	for _, name := range read {
		if env[name] != "set" {
			t.Errorf("%s does not reach the stages", name)
		}
	}
}
