package hub

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode"
)

// safePath refuses names that could leave the folder.
func safePath(name string) error {
	if !fs.ValidPath(name) || name == "." || strings.Contains(name, `\`) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("the hub lists a file named %q, which could be written outside of the folder: nothing is brought", name)
	}
	return nil
}

// clashes refuses files that would end in one another's place: the same name twice, names that only their case tells apart,
// which many disks do not, a file where another needs a folder, a name that a pull uses itself.
func clashes(files []File) error {
	seen := map[string]string{}
	for _, f := range files {
		folded := fold(f.Path)
		switch before, twice := seen[folded]; {
		case twice && before == f.Path:
			return fmt.Errorf("the hub lists %s twice", f.Path)
		case twice:
			return fmt.Errorf("the hub lists %s and %s, one file to a disk that does not mind their case: -include GLOB brings one of them", before, f.Path)
		}
		seen[folded] = f.Path
		if err := ownName(f.Path); err != nil {
			return err
		}
	}
	for _, f := range files {
		for folder := path.Dir(f.Path); folder != "."; folder = path.Dir(folder) {
			if file, ok := seen[fold(folder)]; ok {
				return fmt.Errorf("the hub lists %s and %s: the first would have to be a file and a folder", file, f.Path)
			}
		}
	}
	return nil
}

// fold maps names that differ in case alone to one: small letters of capitals, as characters have several small forms.
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// ownName refuses what a pull writes beside the files.
func ownName(name string) error {
	base := path.Base(name)
	for _, suffix := range []string{partSuffix, partSuffix + noteSuffix, partSuffix + copySuffix} {
		if base == RecordName || strings.HasSuffix(base, suffix) {
			return fmt.Errorf("the hub lists a file named %q, a name that a pull uses itself: nothing is brought", name)
		}
	}
	return nil
}
