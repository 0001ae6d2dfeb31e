package e2e_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fettle/internal/config"
	"fettle/internal/stage"
	"fettle/stages/format"
	"fettle/stages/train"
)

// What docs/training.md calls a setting is one, with the values that it names; and it names every setting of train.
func TestNamesInTheTablesAreSettings(t *testing.T) {
	raw, err := os.ReadFile("../../docs/training.md")
	must(t, err)
	takes := map[string]string{} // by dotted name
	for _, s := range []stage.Stage{format.Stage, train.Stage} {
		for _, f := range config.Fields(s.Sample()) {
			name := strings.SplitN(f.Name, "[]", 2)[0]
			takes[s.Title()+"."+name] = f.Type
		}
	}
	for name := range takes { // whatever holds settings may be named
		for i := strings.LastIndexByte(name, '.'); i > 0; i = strings.LastIndexByte(name[:i], '.') {
			if _, ok := takes[name[:i]]; !ok {
				takes[name[:i]] = ""
			}
		}
	}
	named, rows := map[string]bool{}, 0
	under := ""
	for line := range strings.Lines(string(raw)) {
		if m := regexp.MustCompile("^\\| here \\(`(train[a-z.]*)\\.`\\)").FindStringSubmatch(line); m != nil {
			under = m[1]
			continue
		}
		if !strings.HasPrefix(line, "|") {
			under = ""
		}
		if under == "" || strings.HasPrefix(line, "|---") {
			continue
		}
		rows++
		var last, value string
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(strings.SplitN(line, "|", 3)[1], -1) {
			last, value = setting(takes, under, last, value, m[1])
			kind, ok := takes[last]
			switch {
			case !ok:
				t.Errorf("%s: there is no %s", m[1], last)
			case value != "" && strings.HasPrefix(kind, "one of") && !slices.Contains(regexp.MustCompile(`[\w:]+`).FindAllString(kind, -1), value):
				t.Errorf("%s: %s takes %s", m[1], last, kind)
			}
			named[last] = true
		}
	}
	if rows < 40 {
		t.Fatalf("%d rows of tables read", rows)
	}
	var here []string // that others have no name for
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(regexp.MustCompile(`Only here: [^.]*\.`).FindString(string(raw)), -1) {
		here = append(here, "train."+m[1])
	}
	for name, kind := range takes {
		if strings.HasPrefix(name, "train.") && kind != "" && !named[name] && !slices.Contains(here, name) && !strings.HasSuffix(name, ".match") && name != "train.objective" {
			t.Errorf("%s is in no table", name)
		}
	}
}

// setting is what a word of a table's row means: a name with or without a value, another value of the one before, or its neighbour.
func setting(takes map[string]string, under, last, before, word string) (name, value string) {
	name, value, _ = strings.Cut(word, ": ")
	for _, whole := range []string{name, under + "." + name} {
		if _, ok := takes[whole]; ok {
			return whole, value
		}
	}
	if before != "" {
		return last, word
	}
	if i := strings.LastIndexByte(last, '.'); i > 0 && !strings.Contains(name, ".") {
		return last[:i] + "." + name, value
	}
	return under + "." + name, value
}
