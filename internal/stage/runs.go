package stage

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"fettle/internal/artifact"
	"fettle/internal/disk"
)

// Record is what a stage leaves in its run's folder: reports/<stage>.json.
type Record struct {
	Pipeline string          `json:"pipeline"`
	Ended    time.Time       `json:"ended"`
	Settings json.RawMessage `json:"settings"` // the whole section, with paths
	Report   Report          `json:"report"`
}

// writeRecord makes the record the newest of its pipeline and stage even where the clock was set back.
func writeRecord(store *artifact.Store, dir string, rec Record) error {
	if last := lastRecord(store, rec.Pipeline, rec.Report.Stage); !rec.Ended.After(last.Ended) {
		rec.Ended = last.Ended.Add(time.Millisecond)
	}
	raw, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return fmt.Errorf("record run: %w", err)
	}
	return WriteFile(filepath.Join(dir, "reports", rec.Report.Stage+".json"), append(raw, '\n'))
}

// ReadRecord reads what a stage left in a run's folder; fs.ErrNotExist if it has not ended there.
func ReadRecord(dir, stage string) (Record, error) {
	var rec Record
	raw, err := os.ReadFile(filepath.Join(dir, "reports", stage+".json"))
	if err != nil {
		return rec, err
	}
	return rec, json.Unmarshal(raw, &rec)
}

// WriteFile writes a small file so that readers see all of it or none.
func WriteFile(path string, raw []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return disk.Write(path, func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	})
}

// LastArtifact is what the newest run of the pipeline made at that stage.
func LastArtifact(store *artifact.Store, pipeline, stage string) (artifact.Ref, error) {
	last := lastRecord(store, pipeline, stage)
	if last.Pipeline == "" {
		return "", fmt.Errorf("no run of pipeline %s has made %s yet: give -in %s=REF, or run the stage before: %w", pipeline, stage, stage, fs.ErrNotExist)
	}
	return last.Report.Artifact, nil
}

// lastRecord is the newest record of a pipeline's stage; the zero value when there is none.
func lastRecord(store *artifact.Store, pipeline, stage string) (last Record) {
	for _, name := range disk.Glob(store.Root, "runs/*/reports/"+stage+".json") {
		rec, err := ReadRecord(filepath.Dir(filepath.Dir(name)), stage)
		if err == nil && rec.Pipeline == pipeline && rec.Ended.After(last.Ended) {
			last = rec
		}
	}
	return last
}
