package clean_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"fettle/internal/table"
)

// Of a text and its copies, equal ones and nearly equal ones, no two come to be trained and examined (trap 49): duplicates go before
// rows are divided, how many went is in the report, and equal texts that stay are in one part.
func TestNoCopyIsInAnotherPart(t *testing.T) {
	const texts = 300
	text := func(i int) string {
		return fmt.Sprintf("Record %d tells of the %d ships that left harbour number %d on the morning of day %d, each with %d men, %d barrels of water and %d sails aboard", i, 3*i+1, i*i+7, 5*i+2, 11*i+3, 13*i+5, 17*i+9)
	}
	var rows []table.Row
	for i := range texts {
		for n, copied := range []string{text(i), text(i), text(i) + " again"} { // far apart in the file
			rows = append(rows, page(int64(n*texts+i), fmt.Sprintf("%d-%d", i, n), copied))
		}
	}
	for _, tt := range []struct {
		name, operators string
		kept            int // of each text
		exact, near     int64
	}{
		{"duplicates dropped", "exact, minhash, split: {shares: [{name: train, share: 0.5}, {name: test}]}", 1, texts, texts},
		{"equal ones kept", "split: {shares: [{name: train, share: 0.5}, {name: test}]}", 3, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, report, stderr := start(t, project(t, "clean: {operators: ["+tt.operators+"]}\n", pageSchema, rows)...)
			if code != 0 {
				t.Fatalf("exit %d: %s", code, stderr)
			}
			if exact, near := report.DroppedBy["exact"]["duplicate"], report.DroppedBy["minhash"]["near_duplicate"]; exact != tt.exact || near != tt.near {
				t.Errorf("%d duplicates and %d near ones, want %d and %d", exact, near, tt.exact, tt.near)
			}
			parts, sizes := map[string]string{}, map[string]int{}
			type out struct {
				Text  string `json:"text"`
				Split string `json:"split"`
			}
			kept := map[string]int{}
			for r, err := range table.Read[out](filepath.Join(report.Path, "rows.arrow")) {
				if err != nil {
					t.Fatal(err)
				}
				if was := parts[r.Text]; was != "" && was != r.Split {
					t.Errorf("%q is in %s and in %s", r.Text, was, r.Split)
				}
				parts[r.Text] = r.Split
				sizes[r.Split]++
				var i int
				if _, err := fmt.Sscanf(r.Text, "Record %d", &i); err != nil {
					t.Fatal(err)
				}
				kept[text(i)]++
			}
			for i := range texts {
				if n := kept[text(i)]; n != tt.kept {
					t.Errorf("text %d: %d rows, want %d", i, n, tt.kept)
				}
			}
			if sizes["train"] == 0 || sizes["test"] == 0 {
				t.Errorf("nothing was divided: %v", sizes)
			}
		})
	}
}
