package gguf

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"fettle/internal/tokenizer"
)

// Tokenizer builds the tokenizer that a file's metadata describe, from nothing else.
func (f *File) Tokenizer() (*tokenizer.Tokenizer, error) {
	kind, _ := Get[string](f, "tokenizer.ggml.model")
	tokens, _ := Get[[]string](f, "tokenizer.ggml.tokens")
	types, _ := Get[[]int32](f, "tokenizer.ggml.token_type")
	if len(tokens) == 0 || len(types) != len(tokens) {
		return nil, fmt.Errorf("read %s: it holds no vocabulary with types", f.Path)
	}
	switch kind {
	case "gpt2":
		return f.byteLevel(tokens, types)
	case "llama":
		return f.scored(tokens, types)
	}
	return nil, fmt.Errorf("read %s: tokenizer %q is not supported", f.Path, kind)
}

func (f *File) byteLevel(tokens []string, types []int32) (*tokenizer.Tokenizer, error) {
	name, _ := Get[string](f, "tokenizer.ggml.pre")
	merges, _ := Get[[]string](f, "tokenizer.ggml.merges")
	for _, p := range pres {
		if p.name != name {
			continue
		}
		vocab := map[string]int32{}
		var added []tokenizer.AddedToken
		for id, text := range tokens {
			vocab[text] = int32(id)
			if types[id] == tokenControl || types[id] == tokenUser {
				added = append(added, tokenizer.AddedToken{ID: int32(id), Content: text, Special: types[id] == tokenControl})
			}
		}
		raw, err := json.Marshal(map[string]any{
			"version": "1.0", "added_tokens": added, "pre_tokenizer": p.toJSON(),
			"post_processor": f.postProcessor(tokens), "decoder": map[string]any{"type": "ByteLevel"},
			"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": merges, "ignore_merges": p.whole},
		})
		if err != nil {
			return nil, err
		}
		return tokenizer.Parse(raw)
	}
	return nil, fmt.Errorf("read %s: pre-tokenizer %q is not supported", f.Path, name)
}

// postProcessor adds bos and eos where the file says so; nil adds nothing.
func (f *File) postProcessor(tokens []string) any {
	var single []any
	special := map[string]any{}
	put := func(name string) {
		id, ok := Get[uint32](f, "tokenizer.ggml."+name+"_token_id")
		if add, _ := Get[bool](f, "tokenizer.ggml.add_"+name+"_token"); !add || !ok || int(id) >= len(tokens) {
			return
		}
		text := tokens[id]
		special[text] = map[string]any{"id": text, "ids": []uint32{id}, "tokens": []string{text}}
		single = append(single, map[string]any{"SpecialToken": map[string]any{"id": text, "type_id": 0}})
	}
	put("bos")
	single = append(single, map[string]any{"Sequence": map[string]any{"id": "A", "type_id": 0}})
	put("eos")
	if len(single) == 1 {
		return nil
	}
	pair := append(single[:len(single):len(single)], map[string]any{"Sequence": map[string]any{"id": "B", "type_id": 0}})
	return map[string]any{"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": special}
}

// scored rebuilds the SentencePiece model (sentencepiece_model.proto) of a vocabulary with scores.
func (f *File) scored(tokens []string, types []int32) (*tokenizer.Tokenizer, error) {
	scores, _ := Get[[]float32](f, "tokenizer.ggml.scores")
	if len(scores) != len(tokens) {
		return nil, errors.New("read " + f.Path + ": the vocabulary has no scores")
	}
	var proto []byte
	for id, text := range tokens {
		piece := protoBytes(nil, 1, []byte(text))
		piece = binary.LittleEndian.AppendUint32(append(piece, 2<<3|5), math.Float32bits(scores[id]))
		proto = protoBytes(proto, 1, protoInt(piece, 3, uint64(types[id])))
	}
	trainer := protoInt(protoInt(nil, 3, 2), 35, 1) // BPE, byte fallback
	for _, field := range []struct {
		name   string
		number uint64
	}{{"unknown", 40}, {"bos", 41}, {"eos", 42}} {
		if id, ok := Get[uint32](f, "tokenizer.ggml."+field.name+"_token_id"); ok {
			trainer = protoInt(trainer, field.number, uint64(id))
		}
	}
	prefix := uint64(1)
	if p, ok := Get[bool](f, "tokenizer.ggml.add_space_prefix"); ok && !p {
		prefix = 0
	}
	proto = protoBytes(proto, 2, trainer)
	proto = protoBytes(proto, 3, protoInt(protoInt(protoInt(nil, 3, prefix), 4, 0), 5, 1))
	return tokenizer.ParseSentencePiece(proto)
}

func protoInt(b []byte, field, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, field<<3), v)
}

func protoBytes(b []byte, field uint64, data []byte) []byte {
	b = binary.AppendUvarint(b, field<<3|2)
	return append(binary.AppendUvarint(b, uint64(len(data))), data...)
}
