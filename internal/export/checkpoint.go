package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"fettle/internal/chat"
	"fettle/internal/disk"
	"fettle/internal/safetensors"
	"fettle/internal/tokenizer"
)

// sideNames belong to a model directory beside its config and weights.
var sideNames = []string{"tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json",
	"vocab.json", "merges.txt", "chat_template.jinja"}

// writeCheckpoint writes a complete model directory: weights cast once from float32, in shards of at most shard bytes, the
// config without any quantisation, and generation_config.json, whose end tokens include what ends a turn.
func (s *Source) writeCheckpoint(dir string, d safetensors.DType, shard int64) error {
	if err := s.writeShards(dir, d, shard); err != nil {
		return err
	}
	files, err := s.configs(d)
	if err != nil {
		return err
	}
	return s.writeSides(dir, files)
}

// writeSides writes what belongs to a model directory beside its weights: the files given, the chat template in both its forms, and
// of the base's other files what those leave.
func (s *Source) writeSides(dir string, files map[string][]byte) error {
	files, err := s.withTemplates(files)
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return fmt.Errorf("write config: %w", err)
		}
	}
	names, err := s.sideFiles()
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, written := files[name]; written {
			continue
		}
		if err := disk.Copy(filepath.Join(dir, name), filepath.Join(s.Dir, name)); err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
	}
	return nil
}

// withTemplates adds the files of the chat template.
func (s *Source) withTemplates(files map[string][]byte) (map[string][]byte, error) {
	all, err := s.chatTemplates()
	if err != nil {
		return nil, err
	}
	maps.Copy(all, files)
	return all, nil
}

// sideFiles lists the files that the base has beside its config and weights.
func (s *Source) sideFiles() (names []string, err error) {
	for _, name := range sideNames {
		if _, err := os.Stat(filepath.Join(s.Dir, name)); err == nil {
			names = append(names, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	for _, path := range disk.Glob(s.Dir, "additional_chat_templates/*.jinja") {
		names = append(names, filepath.Join("additional_chat_templates", filepath.Base(path)))
	}
	return names, nil
}

func (s *Source) tensor(name string, shape []int, d safetensors.DType) safetensors.Tensor {
	return safetensors.Tensor{Info: safetensors.Info{Name: name, DType: d, Shape: shape}, Data: func() ([]byte, error) { return s.cast(name, d) }}
}

// cast is the one rounding of a merged weight.
func (s *Source) cast(name string, d safetensors.DType) ([]byte, error) {
	values, err := s.Merged(name)
	if err != nil {
		return nil, err
	}
	return safetensors.Encode(d, values)
}

func (s *Source) writeShards(dir string, d safetensors.DType, limit int64) error {
	shards, total := [][]safetensors.Tensor{nil}, int64(0)
	var size int64
	for _, p := range s.Result.Parameters() {
		t := s.tensor(p.Name, p.Shape, d)
		n := int64(t.Len() * d.Size())
		if last := len(shards) - 1; size+n > limit && len(shards[last]) > 0 {
			shards, size = append(shards, nil), 0
		}
		shards[len(shards)-1] = append(shards[len(shards)-1], t)
		size, total = size+n, total+n
	}
	meta := map[string]string{"format": "pt"}
	if len(shards) == 1 {
		return safetensors.Write(filepath.Join(dir, "model.safetensors"), shards[0], meta)
	}
	index := map[string]string{}
	for i, tensors := range shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		if err := safetensors.Write(filepath.Join(dir, name), tensors, meta); err != nil {
			return err
		}
		for _, t := range tensors {
			index[t.Name] = name
		}
	}
	return writeJSON(filepath.Join(dir, "model.safetensors.index.json"), map[string]any{
		"metadata": map[string]int64{"total_parameters": total / int64(d.Size()), "total_size": total}, "weight_map": index})
}

var configDTypes = map[safetensors.DType]string{safetensors.F32: "float32", safetensors.BF16: "bfloat16", safetensors.F16: "float16"}

// configs are config.json and generation_config.json of the result.
func (s *Source) configs(d safetensors.DType) (files map[string][]byte, err error) {
	config, err := readObject(filepath.Join(s.Dir, "config.json"))
	if err != nil {
		return nil, err
	}
	delete(config, "quantization_config")
	if s.Model.Config.Tied && !s.Result.Config.Tied {
		config["tie_word_embeddings"] = false
	}
	key := "torch_dtype"
	if _, v5 := config["dtype"]; v5 {
		key = "dtype"
	}
	config[key] = configDTypes[d]
	generation, err := readObject(filepath.Join(s.Dir, "generation_config.json"))
	if errors.Is(err, fs.ErrNotExist) {
		generation, err = map[string]any{}, nil
	}
	if err != nil {
		return nil, err
	}
	if eos := s.endTokens(); len(eos) > 0 {
		generation["eos_token_id"] = eos
	}
	files = map[string][]byte{}
	if files["config.json"], err = indented(config); err == nil && len(generation) > 0 {
		files["generation_config.json"], err = indented(generation)
	}
	return files, err
}

// endTokens are the config's end tokens and those that end a turn of the chat template: a model trained to end its turns
// with a token that nothing stops at never stops.
func (s *Source) endTokens() []int {
	eos := slices.Clone(s.Model.Config.EOS)
	template, err := chat.Load(s.Dir)
	if err != nil {
		return eos
	}
	t, err := tokenizer.Load(s.Dir)
	if err != nil {
		return eos
	}
	for _, text := range template.EndOfTurn {
		if id, ok := t.TokenID(text); ok && !slices.Contains(eos, int(id)) {
			eos = append(eos, int(id))
		}
	}
	return eos
}

func readObject(path string) (map[string]any, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out, err := object(raw)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return out, nil
}

// object decodes the keys of a JSON object and leaves their values as they are.
func object(raw []byte) (map[string]any, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for k, v := range keys {
		out[k] = v
	}
	return out, nil
}

func writeJSON(path string, v any) error {
	data, err := indented(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.WriteFile(path, data, 0o644)
}

func indented(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	return append(data, '\n'), err
}
