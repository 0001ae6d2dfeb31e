package export

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Card is what the model card says of where a model comes from; empty parts are left out or said to be unknown.
type Card struct {
	Version    string   // of fettle
	Artifact   string   // reference of the train stage's artifact
	Key        string   // its key: settings, inputs and tools in one hash
	Data       []string // what it was trained on: "format/0123… (sha256 …)"
	Run        string   // the run whose run.json locks all of it
	Evaluation []string // lines such as "accuracy 0.71 (eval/…)"
}

// write makes README.md, with the front matter that model hubs read.
func (c Card) write(dir string, s *Source, r *Report) error {
	var b strings.Builder
	library := map[string]string{PEFT: "peft", Merged: "transformers", GGUF: "gguf", GGUFLoRA: "gguf", BNB: "transformers"}[r.Format]
	fmt.Fprintf(&b, "---\nbase_model: %s\nlibrary_name: %s\npipeline_tag: text-generation\n", s.Base, library)
	licence := baseLicence(s.Dir)
	if licence != "" {
		fmt.Fprintf(&b, "license: %s\n", licence)
	}
	fmt.Fprintf(&b, "tags: [fettle]\n---\n# %s\n\n", s.Name)
	fmt.Fprintf(&b, "%s, %s, written by fettle %s.\n\n", what(s, r), r.DType, or(c.Version, "(unversioned)"))
	fmt.Fprintf(&b, "| | |\n|---|---|\n| family | %s |\n| base | %s |\n", s.Model.Config.ModelType, r.Base)
	if a := s.Adapter; a != nil {
		fmt.Fprintf(&b, "| adapter | rank %d, alpha %g, rsLoRA %v, %d projections, %d weights |\n", a.Config.Rank, a.Config.Alpha, a.Config.RsLoRA, len(a.Modules), a.Size())
	}
	fmt.Fprintf(&b, "| artifact | %s |\n| key | %s |\n| run lock | %s |\n", or(c.Artifact, "none: exported from folders"), or(c.Key, "none"), or(c.Run, "none"))
	b.WriteString("\n## Data\n\n")
	list(&b, c.Data, "Not known: exported from folders, not from a run.")
	b.WriteString("\n## Evaluation\n\n")
	list(&b, c.Evaluation, "None recorded.")
	fmt.Fprintf(&b, "\n## Parity\n\nRead back after writing: %s.\n\n", r.Gate.sentence())
	list(&b, r.Notes, "")
	fmt.Fprintf(&b, "\n## Licence\n\n%s\n", licenceText(licence))
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(b.String()), 0o644)
}

func what(s *Source, r *Report) string {
	switch {
	case r.Merged:
		return "The base with its adapter merged in"
	case r.Format == PEFT || r.Format == GGUFLoRA:
		return "A LoRA adapter"
	case r.Format == BNB:
		return "The base in 4 bits"
	}
	return "A model"
}

func list(b *strings.Builder, lines []string, none string) {
	for _, l := range lines {
		fmt.Fprintf(b, "- %s\n", l)
	}
	if len(lines) == 0 && none != "" {
		b.WriteString(none + "\n")
	}
}

var licenceLine = regexp.MustCompile(`(?m)^license:\s*["']?([\w.+-]+)`)

// baseLicence is what the front matter of the base's card says, "" when there is none.
func baseLicence(dir string) string {
	raw, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		return ""
	}
	if m := licenceLine.FindSubmatch(raw); m != nil {
		return string(m[1])
	}
	return ""
}

func licenceText(licence string) string {
	if licence == "" {
		return "The base's card names none. The terms of the base and of the data hold for this model too: find them before passing it on."
	}
	return fmt.Sprintf("The base is under %s, which holds for this model too, as do the terms of the data it was trained on.", licence)
}
