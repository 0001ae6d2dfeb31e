package mini

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fettle/internal/model"
	"fettle/internal/tokenizer"
)

//go:embed testdata
var files embed.FS

// Name is the pipeline's.
const Name = "mini"

// Write makes the project in dir: pipelines/mini.yaml, pipelines/mini/stages.yaml, pages/ and model/.
func Write(dir string) error {
	texts, err := unpack(dir)
	if err != nil {
		return err
	}
	return writeModel(filepath.Join(dir, "model"), texts)
}

// unpack writes the files under testdata and returns the texts of the pages.
func unpack(dir string) (texts []string, err error) {
	err = fs.WalkDir(files, "testdata", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		if strings.HasSuffix(name, ".md") {
			texts = append(texts, string(raw))
		}
		path := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(name, "testdata/")))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, raw, 0o644)
	})
	return texts, err
}

// writeModel makes the weights and the tokenizer beside the config and the template that unpack has written.
func writeModel(dir string, texts []string) error {
	special := []string{"<|pad|>", "<|user|>", "<|assistant|>", "<|end|>"}
	trained, err := tokenizer.Train(tokenizer.TrainOptions{VocabSize: vocab, MinFrequency: 2, Special: special, Alphabet: true}, func(yield func(string) bool) {
		for _, text := range texts {
			if !yield(text) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	if len(trained.Vocab) != vocab {
		return fmt.Errorf("the pages gave %d tokens, the config says %d", len(trained.Vocab), vocab)
	}
	if err := trained.Save(filepath.Join(dir, "tokenizer.json")); err != nil {
		return err
	}
	m, err := model.Open(dir)
	if err != nil {
		return err
	}
	return m.Save(dir, m.Init(1), "f32")
}

const vocab = 400 // as in testdata/model/config.json
