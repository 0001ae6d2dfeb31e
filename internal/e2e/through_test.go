package e2e_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"fettle/internal/stage"
	"fettle/stages/format"
	"fettle/stages/ingest"
	"fettle/stages/train"
)

// through writes a file of rows and a file of settings into a new project and runs its stages up to train: their reports.
func through(t *testing.T, name string, rows []byte, settings string) map[string]stage.Report {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range []string{"FETTLE_STORE", "FETTLE_RUN", "DAG_RUN_ID"} {
		t.Setenv(name, "")
	}
	const config = "pipelines/ref/stages.yaml"
	must(t, os.MkdirAll(filepath.Dir(config), 0o755))
	must(t, os.WriteFile(name, rows, 0o644))
	must(t, os.WriteFile(config, []byte(settings), 0o644))
	reports := map[string]stage.Report{}
	for _, s := range []stage.Stage{ingest.Stage, format.Stage, train.Stage} {
		var out, errs bytes.Buffer
		if code := s.Start(t.Context(), []string{"-config", config}, &out, &errs); code != 0 {
			t.Fatalf("%s: exit %d: %s", s.Title(), code, errs.String())
		}
		var r stage.Report
		must(t, json.Unmarshal(out.Bytes(), &r))
		reports[s.Title()] = r
	}
	return reports
}
