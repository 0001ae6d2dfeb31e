package export_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"fettle/internal/backend/backendtest"
	"fettle/internal/export"
	"fettle/internal/quant"
)

// change rewrites the one file of a pattern.
func change(pattern string, edit func(data []byte) []byte) func(dir string) error {
	return func(dir string) error {
		path, err := export.Written(dir, pattern)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		edited := edit(bytes.Clone(data))
		if bytes.Equal(edited, data) {
			return fmt.Errorf("%s is not damaged", pattern)
		}
		return os.WriteFile(path, edited, 0o600)
	}
}

// swap exchanges the first occurrence of a text for another of its length, so that a file stays well formed.
func swap(from, to string) func([]byte) []byte {
	return func(data []byte) []byte { return bytes.Replace(data, []byte(from), []byte(to), 1) }
}

// flip turns a bit, counted from the end of the file.
func flip(fromEnd int) func([]byte) []byte {
	return func(data []byte) []byte { data[len(data)-fromEnd] ^= 1; return data }
}

func options(format string) export.Options {
	if format == export.BNB {
		return export.Options{Format: format, Recipe: quant.Recipe{Load: "nf4", Options: quant.Options{Double: true}}}
	}
	return export.Options{Format: format, DType: "f32"}
}

func halve(data []byte) []byte { return data[:len(data)/2] }

// merge exchanges two letters of a merge deep in a tokenizer: few texts show it.
func merge(data []byte) []byte {
	at := bytes.Index(data, []byte(`"merges"`))
	line := data[at:]
	i := bytes.LastIndex(line, []byte(`"],`))
	if i < 0 {
		i = bytes.LastIndex(line, []byte(`",`))
	}
	line[i-1] ^= 1
	return data
}

// Whatever is damaged of what was written, one bit of a weight or one letter of a file beside it, the gate says no. A refusal is
// exit code 3 of the verb.
func TestDamage(t *testing.T) {
	b := backendtest.Open(t)
	dir, _ := chatty(t)
	chat, err := export.Open("chatty", dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer chat.Close()
	tuned := open(t, "llama3", "llama3-rslora")
	tests := []struct {
		name   string
		source *export.Source
		format string
		damage func(dir string) error
	}{
		{"a bit of a weight", chat, export.Merged, change("model.safetensors", flip(100))},
		{"half of the weights", chat, export.Merged, change("model.safetensors", halve)},
		{"a name of a weight", chat, export.Merged, change("model.safetensors", swap("model.norm", "model.morn"))},
		{"a constant of the config", chat, export.Merged, change("config.json", swap(`"rms_norm_eps": 0.001`, `"rms_norm_eps": 0.002`))},
		{"an end token", chat, export.Merged, change("generation_config.json", swap(`"eos_token_id"`, `"eos_token_ie"`))},
		{"the template", chat, export.Merged, change("chat_template.jinja", swap("<|eot_id|>", "<|eot_ie|>"))},
		{"another template", chat, export.Merged, change("additional_chat_templates/rag.jinja", swap("content", "contens"))},
		{"a merge", chat, export.Merged, change("tokenizer.json", merge)},
		{"a missing file", chat, export.Merged, func(dir string) error { return os.Remove(dir + "/tokenizer.json") }},

		{"a bit of a weight", chat, export.BNB, change("model.safetensors", flip(100))},
		{"a constant of the config", chat, export.BNB, change("config.json", swap(`"rms_norm_eps": 0.001`, `"rms_norm_eps": 0.002`))},
		{"what stays plain", chat, export.BNB, change("config.json", swap(`"lm_head"`, `"lm_heat"`))},
		{"an end token", chat, export.BNB, change("generation_config.json", swap(`"eos_token_id"`, `"eos_token_ie"`))},
		{"another template", chat, export.BNB, change("additional_chat_templates/rag.jinja", swap("content", "contens"))},
		{"a merge", chat, export.BNB, change("tokenizer.json", merge)},
		{"a missing file", chat, export.BNB, func(dir string) error { return os.Remove(dir + "/additional_chat_templates/rag.jinja") }},

		{"a bit of a weight", chat, export.GGUF, change("*.gguf", flip(100))},
		{"half of the file", chat, export.GGUF, change("*.gguf", halve)},
		{"a metadata key", chat, export.GGUF, change("*.gguf", swap("llama.rope.freq_base", "llama.rope.freq_bate"))},
		{"a metadata value", chat, export.GGUF, change("*.gguf", func(data []byte) []byte {
			at := bytes.Index(data, []byte("llama.attention.layer_norm_rms_epsilon"))
			data[at+len("llama.attention.layer_norm_rms_epsilon")+4] ^= 1
			return data
		})},
		{"the template", chat, export.GGUF, change("*.gguf", swap("<|eot_id|>' }}", "<|eot_ie|>' }}"))},
		{"a merge", chat, export.GGUF, change("*.gguf", func(data []byte) []byte {
			at := bytes.Index(data, []byte("tokenizer.ggml.merges")) + len("tokenizer.ggml.merges")
			data[at+4+4+8+8] ^= 1 // behind the types and counts: the first letter of the first merge
			return data
		})},
		{"the magic", chat, export.GGUF, change("*.gguf", swap("GGUF", "GGUG"))},

		{"a bit of a weight", tuned, export.PEFT, change("adapter_model.safetensors", flip(50))},
		{"the config", tuned, export.PEFT, change("adapter_config.json", swap(`"lora_alpha": `, `"lora_alpha": 1`))},
		{"half of the weights", tuned, export.PEFT, change("adapter_model.safetensors", halve)},

		{"a bit of a weight", tuned, export.GGUFLoRA, change("*.gguf", flip(50))},
		{"the alpha", tuned, export.GGUFLoRA, change("*.gguf", func(data []byte) []byte {
			at := bytes.Index(data, []byte("adapter.lora.alpha")) + len("adapter.lora.alpha")
			data[at+4+3] ^= 1
			return data
		})},
	}
	for _, test := range tests {
		t.Run(test.format+"/"+test.name, func(t *testing.T) {
			err := export.GateAfter(test.source, b, options(test.format), t.TempDir(), test.damage)
			if !export.IsRefused(err) {
				t.Errorf("got %v, want a refusal", err)
			}
			if err != nil && strings.Contains(err.Error(), "not damaged") {
				t.Fatal(err)
			}
		})
	}
	for _, format := range []string{export.Merged, export.GGUF} {
		if err := export.GateAfter(chat, b, export.Options{Format: format, DType: "f32"}, t.TempDir(), func(string) error { return nil }); err != nil {
			t.Errorf("%s without damage: %v", format, err)
		}
	}
}
