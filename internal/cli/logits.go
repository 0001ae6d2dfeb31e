package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"fettle/internal/backend"
	"fettle/internal/generate"
	"fettle/internal/lora"
	"fettle/internal/model"
	"fettle/internal/quant"
	"fettle/internal/safetensors"
)

func (a *App) logits(ctx context.Context, args []string) int {
	fs := a.flags("logits", `-model DIR [-adapter DIR] [-in ids.jsonl] -out logits.safetensors

The scores of all next tokens at each position. In: JSON lines {"input_ids": [..]} (stdin without -in). Out: a safetensors
file of tensors logits.0, logits.1 ..., one for each line, float32 [tokens, vocabulary].`)
	dir := fs.String("model", "", "model directory")
	adapterDir := fs.String("adapter", "", "adapter directory, as PEFT writes it")
	in := fs.String("in", "", "file of JSON lines (default: stdin)")
	out := fs.String("out", "", "file to write")
	backendName := backend.Flag(fs, "what computes", backend.Auto)
	rest, code, done := parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0 || *dir == "" || *out == "":
		return a.misuse(fs, "want -model DIR and -out FILE, and nothing else")
	}
	if err := writable(*out); err != nil {
		return a.fail("logits", err)
	}
	backend.Prepare(*backendName)
	rows, err := await(ctx, func() ([][]int32, error) { return readIDs(*in) })
	if err != nil {
		return a.fail("logits", err)
	}
	g, closer, err := a.generator(*dir, *adapterDir, *backendName)
	if err != nil {
		return a.fail("logits", err)
	}
	defer closer()
	if err := writeLogits(ctx, g, rows, *out); err != nil {
		return a.fail("logits", err)
	}
	return 0
}

// writable says before the work whether a file can come to lie where it is to be written.
func writable(out string) error {
	if info, err := os.Stat(out); err == nil && info.IsDir() {
		return fmt.Errorf("-out %s is a folder: want a file", out)
	}
	if info, err := os.Stat(filepath.Dir(out)); err != nil || !info.IsDir() {
		return fmt.Errorf("-out %s: there is no folder %s", out, filepath.Dir(out))
	}
	return nil
}

// generator opens a model for one row at a time.
func (a *App) generator(dir, adapterDir, name string) (*vocabulary, func(), error) {
	m, err := model.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	var adapter *lora.Adapter
	if adapterDir != "" {
		if adapter, err = lora.Load(adapterDir, m); err != nil {
			return nil, nil, err
		}
	}
	b, err := backend.Open(name)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintln(a.Stderr, b.Why)
	set := &quant.Set{} // checkpoints in 4 bits are read as they are
	w, err := m.LoadWith(quant.Plain().Loader(set, b.Backend), dir)
	if err != nil {
		b.Finalize()
		return nil, nil, err
	}
	g, err := generate.New(m, w, adapter, b, generate.Options{MaxNew: 1, Quant: set})
	if err != nil {
		b.Finalize()
		return nil, nil, err
	}
	return &vocabulary{g, m.Config.Vocab}, func() { g.Close(); b.Finalize() }, nil
}

// vocabulary is a generator and how many tokens it knows.
type vocabulary struct {
	*generate.Generator
	size int
}

// readIDs reads rows of token ids.
func readIDs(path string) ([][]int32, error) {
	in, done, err := input(path)
	if err != nil {
		return nil, err
	}
	defer done()
	var rows [][]int32
	err = eachLine(in, func(line int, raw []byte) error {
		var row struct {
			IDs []int32 `json:"input_ids"`
		}
		if err := object(raw, &row); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		if len(row.IDs) == 0 {
			return fmt.Errorf("line %d: no input_ids: want {\"input_ids\": [1, 2, ...]}", line)
		}
		rows = append(rows, row.IDs)
		return nil
	})
	if err == nil && len(rows) == 0 {
		err = errors.New("the input has no line: want {\"input_ids\": [1, 2, ...]}")
	}
	return rows, err
}

// writeLogits computes each row when its turn to be written comes: no more than one lies in memory.
func writeLogits(ctx context.Context, g *vocabulary, rows [][]int32, path string) error {
	var all []safetensors.Tensor
	for i, row := range rows {
		info := safetensors.Info{Name: fmt.Sprintf("logits.%d", i), DType: safetensors.F32, Shape: []int{len(row), g.size}}
		all = append(all, safetensors.Tensor{Info: info, Data: func() ([]byte, error) {
			values := make([]float32, 0, len(row)*g.size)
			err := g.Logits(ctx, [][]int32{row}, func(_, _ int, logits []float32) error {
				values = append(values, logits...)
				return nil
			})
			if err != nil {
				return nil, err
			}
			return safetensors.Encode(safetensors.F32, values)
		}})
	}
	return safetensors.Write(path, all, nil)
}
