package export_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/export"
	"fettle/internal/shared"
)

// Everything that is wrong is said at once, before any work.
func TestReady(t *testing.T) {
	dir, _ := chatty(t)
	odd := strange(t, "qwen3_moe", `"norm_topk_prob": true`, `"norm_topk_prob": false`)
	adapter := shared.Path(t, "golden/models/lora/llama3-rslora/adapter")
	at := t.TempDir()
	file := filepath.Join(at, "file")
	crowded := filepath.Join(at, "crowded")
	inTheWay := filepath.Join(at, "way")
	for _, err := range []error{os.WriteFile(file, nil, 0o600), os.MkdirAll(crowded, 0o755), os.WriteFile(filepath.Join(crowded, "model-00001-of-00002.safetensors"), nil, 0o600),
		os.MkdirAll(filepath.Join(inTheWay, "chatty-f32.gguf"), 0o755)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name, dir, adapter string
		o                  export.Options
		want               []string
	}{
		{"all is well", dir, "", export.Options{Format: "gguf", To: filepath.Join(at, "new", "deep")}, nil},
		{"merged", dir, "", export.Options{Format: "merged", To: filepath.Join(at, "new")}, nil},
		{"an unknown quantisation, into a file", dir, "", export.Options{Format: "gguf", DType: "q9_9", To: file},
			[]string{`dtype "q9_9": gguf is written as f32, bf16, f16, q8_0, q5_0, q4_1, q4_0`, "-to " + file + " is a file: want a folder"}},
		{"options", dir, "", export.Options{Format: "onnx", Shard: -1, MaxKL: -1, TrainedOn: filepath.Join(at, "none"), To: at},
			[]string{"shard -1: want bytes, or 0 for 5 GB", "max-kl -1: want nats of 0 or more", `format "onnx": want one of`, "trained on: read model config: "}},
		{"what llama.cpp cannot compute", odd, "", export.Options{Format: "gguf", To: at}, []string{"it makes the shares of the chosen experts sum to 1, the model does not"}},
		{"no adapter", dir, "", export.Options{Format: "gguf-lora", DType: "q4_0", To: at}, []string{`dtype "q4_0": gguf-lora is written as f32, f16`, "gguf-lora: there is no adapter"}},
		{"an adapter too many, a type of its own", dir, adapter, export.Options{Format: "bnb", DType: "f16", To: at},
			[]string{`dtype "f16": bnb has its own`, "bnb writes a base: merge the adapter first, or leave it out"}},
		{"an adapter that is not there", dir, filepath.Join(at, "none"), export.Options{Format: "peft", To: at}, []string{"adapter none: it holds no adapter_config.json"}},
		{"other weights", dir, "", export.Options{Format: "merged", To: crowded}, []string{"the folder holds other weights already (model-00001-of-00002.safetensors)"}},
		{"the base's own folder", dir, "", export.Options{Format: "merged", To: dir}, []string{"is the folder of the base itself: choose another"}},
		{"a folder in the way", dir, "", export.Options{Format: "gguf", DType: "f32", To: inTheWay}, []string{"chatty-f32.gguf is a folder there"}},
		{"no base", filepath.Join(at, "none"), "", export.Options{Format: "merged", Shard: -1, To: file}, []string{"shard -1", "read model config", "is a file: want a folder"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := export.Ready("chatty", tt.dir, tt.adapter, tt.o)
			if err == nil {
				if tt.want != nil {
					t.Errorf("no fault, want %q", tt.want)
				}
				return
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("got %d faults, want %q:\n%v", len(lines), tt.want, err)
			}
			for i, want := range tt.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("fault %d: %s\nwant %s", i, lines[i], want)
				}
			}
		})
	}
}

// The room that is asked for is what the weights take, in the format's own types.
func TestReadyAsksForRoom(t *testing.T) {
	s := open(t, "llama3", "")
	for _, format := range []string{export.Merged, export.GGUF, export.BNB} {
		o := options(format)
		o.To = t.TempDir()
		run(t, s, o)
		var size int64
		for _, pattern := range []string{"*.safetensors", "*.gguf"} {
			if path, err := export.Written(o.To, pattern); err == nil && path != "" {
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				size += info.Size()
			}
		}
		ready := func(free int64) (err error) {
			export.WithFree(free, func() { err = export.Ready(s.Name, s.Dir, "", o) })
			return err
		}
		if err := ready(size * 5 / 4); err != nil {
			t.Errorf("%s: %d bytes were written: %v", format, size, err)
		}
		if err := ready(size / 2); err == nil || !strings.Contains(err.Error(), "the disk has") {
			t.Errorf("%s: %d bytes were written, half of it is said to be enough: %v", format, size, err)
		}
	}
}

// strange is a copy of a family's model with one setting changed.
func strange(t *testing.T, family, from, to string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(shared.Path(t, "golden/models/families/"+family))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.json")
	config := read(t, path)
	if !strings.Contains(config, from) {
		t.Fatalf("%s: no %s", path, from)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(config, from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
