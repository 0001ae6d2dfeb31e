package hub

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// RecordName is the file that says where a model directory came from.
const RecordName = "fettle-pull.json"

// Record is the content of fettle-pull.json. It has no clock in it: the same commit gives the same bytes.
type Record struct {
	Source   string       `json:"source"` // hf:owner/name
	Revision string       `json:"revision,omitempty"`
	Commit   string       `json:"commit"`
	License  string       `json:"license,omitempty"`
	Include  []string     `json:"include,omitempty"`
	Files    []RecordFile `json:"files"`
}

// RecordFile is one file that was brought and checked.
type RecordFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Git    string `json:"git_blob,omitempty"` // the hub's own digest, where it is not the sha256
}

// Bytes of all files.
func (r *Record) Bytes() (n int64) {
	for _, f := range r.Files {
		n += f.Size
	}
	return n
}

// ReadRecord reads a directory's fettle-pull.json.
func ReadRecord(dir string) (*Record, error) {
	raw, err := os.ReadFile(filepath.Join(dir, RecordName))
	if err != nil {
		return nil, err
	}
	r := &Record{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, RecordName), err)
	}
	for _, f := range r.Files {
		if err := safePath(f.Path); err != nil {
			return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, RecordName), err)
		}
	}
	return r, nil
}

// Verify hashes the directory's files and says what differs from the record.
func (r *Record) Verify(dir string) (faults []string) {
	for _, f := range r.Files {
		if _, err := verify(filepath.Join(dir, filepath.FromSlash(f.Path)), File{Path: f.Path, Size: f.Size, SHA256: f.SHA256}); err != nil {
			faults = append(faults, fmt.Sprintf("%s: %v", f.Path, err))
		}
	}
	return faults
}

// fits: the directory is already what the listing says, byte for byte as far as names and digests go.
func (r *Record) fits(s Source, commit string, files []File) bool {
	if r.Source != s.name() || r.Commit != commit || len(r.Files) != len(files) {
		return false
	}
	for i, f := range files { // both are sorted by path
		if got := r.Files[i]; got.Path != f.Path || got.Size != f.Size || f.SHA256 != "" && got.SHA256 != f.SHA256 || f.SHA256 == "" && got.Git != f.Git {
			return false
		}
	}
	return true
}

func (r *Record) write(dir string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, RecordName), append(raw, '\n'), 0o644)
}

// LicenseLine is what people are told.
func (r *Record) LicenseLine() string {
	if strings.TrimSpace(r.License) == "" {
		return "licence not stated"
	}
	return "licence " + r.License
}
