package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// fields reads a JSON object key by key and remembers what was read, so that what nobody read can be refused.
type fields struct {
	raw    map[string]json.RawMessage
	used   map[string]bool
	faults []error
}

func newFields(data []byte) (*fields, error) {
	f := &fields{used: map[string]bool{}}
	return f, Object(data, &f.raw)
}

// Object reads a JSON object key by key and says what else there is.
func Object(data []byte, into *map[string]json.RawMessage) error {
	var wrong *json.UnmarshalTypeError
	err := json.Unmarshal(data, into)
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("want a JSON object, found: %s", wrong.Value)
	case err == nil && *into == nil:
		return errors.New("want a JSON object, found null")
	}
	return err
}

func (f *fields) fault(format string, args ...any) {
	f.faults = append(f.faults, fmt.Errorf(format, args...))
}

// has reports whether a key holds a value other than null.
func (f *fields) has(key string) bool {
	v, ok := f.raw[key]
	return ok && string(v) != "null"
}

// get reads a key; absent and null mean the default.
func get[T any](f *fields, key string, def T) T {
	f.used[key] = true
	if !f.has(key) {
		return def
	}
	var v T
	if err := json.Unmarshal(f.raw[key], &v); err != nil {
		f.fault("%s: %s: want %s", key, f.raw[key], kindOf(def))
		return def
	}
	return v
}

// kindOf says in words what a value of the type is.
func kindOf(v any) string {
	switch v.(type) {
	case int:
		return "a whole number"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case string:
		return "a text"
	case []int:
		return "a list of whole numbers"
	case []string:
		return "a list of texts"
	}
	return "an object"
}

// getNull reads a key for which null says something else than absence does: off, mostly.
func getNull[T any](f *fields, key string, def, null T) T {
	if _, present := f.raw[key]; present && !f.has(key) {
		def = null
	}
	return get(f, key, def)
}

// noNull refuses null for keys that mean nothing by it: transformers would fail, or compute with it.
func (f *fields) noNull(keys ...string) {
	for _, key := range keys {
		if _, present := f.raw[key]; present && !f.has(key) {
			f.fault("%s: null: want a value, or leave the key out for the family's default", key)
		}
	}
}

// atLeast reads a whole number that must not be smaller than a limit.
func (f *fields) atLeast(limit int, key string, def int) int {
	n := get(f, key, def)
	if n < limit {
		f.fault("%s: %d: want at least %d", key, n, limit)
		return max(limit, def)
	}
	return n
}

// need reads a count that has no default.
func need(f *fields, key string) int {
	if !f.has(key) {
		f.fault("%s is missing", key)
	}
	return get(f, key, 0)
}

// layers reads how many layers there are, and no more than memory is worth laying out for.
func (f *fields) layers() int {
	n := need(f, "num_hidden_layers")
	if n < 0 || n > mostLayers {
		f.fault("num_hidden_layers is %d, want 1 to %d", n, mostLayers)
		return 0
	}
	return n
}

// only accepts a key when it has one of the given values: the others change the model in a way not built here.
func only[T comparable](f *fields, key string, allowed ...T) {
	if v := get(f, key, allowed[0]); !slices.Contains(allowed, v) {
		f.fault("%s: %v is not supported, only %v", key, v, allowed)
	}
}

func (f *fields) token(key string) int { return get(f, key, -1) }

// tokens reads one id or a list of ids.
func (f *fields) tokens(key string) []int {
	f.used[key] = true
	if !f.has(key) {
		return nil
	}
	var one int
	if json.Unmarshal(f.raw[key], &one) == nil {
		return []int{one}
	}
	var list []int
	if json.Unmarshal(f.raw[key], &list) != nil {
		f.fault("%s: %s: want a whole number or a list of them", key, f.raw[key])
	}
	return list
}

func (f *fields) activation(key, def string) Activation {
	switch name := get(f, key, def); name {
	case "silu", "swish":
		return SiLU
	case "gelu_pytorch_tanh", "gelu_new", "gelu_fast":
		return GELUTanh
	case "gelu":
		return GELU
	default:
		f.fault("%s: %q is not supported (silu, gelu_pytorch_tanh, gelu)", key, name)
		return SiLU
	}
}

// harmless keys do not change what the model computes outside of training tricks that are off here by design.
var harmless = []string{
	"architectures", "attention_dropout", "attn_implementation", "auto_map", "cache_implementation", "chunk_size_feed_forward",
	"dtype", "embd_pdrop", "hidden_dropout", "id2label", "label2id", "is_decoder", "is_llama_config", "max_sequence_length", "is_encoder_decoder", "output_attentions",
	"output_hidden_states", "output_router_logits", "pretraining_tp", "problem_type", "resid_pdrop",
	"return_dict", "router_aux_loss_coef", "task_specific_params", "tokenizer_class", "torch_dtype", "transformers.js_config",
	"transformers_version", "unsloth_fixed", "unsloth_version", "use_cache", "name_or_path", "bad_words_ids", "begin_suppress_tokens",
	"do_sample", "max_length", "min_length", "num_beams", "temperature", "top_k", "top_p", "repetition_penalty", "torchscript",
	"typical_p", "num_beam_groups", "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "diversity_penalty",
	"num_return_sequences", "return_dict_in_generate", "output_scores", "early_stopping", "tf_legacy_loss",
	"sep_token_id", "cls_token_id", "decoder_start_token_id", "prefix", "finetuning_task", "use_bfloat16",
}

// checkRest refuses the keys that nobody read: those with a value that could change the model. Absent, null, false and
// empty values ask for nothing; keys that begin with _ are transformers' own notes.
func (f *fields) checkRest() {
	for _, key := range slices.Sorted(maps.Keys(f.raw)) {
		if f.used[key] || slices.Contains(harmless, key) || strings.HasPrefix(key, "_") {
			continue
		}
		switch v := strings.Join(strings.Fields(string(f.raw[key])), ""); v {
		case "null", "false", "{}", "[]", `""`:
		default:
			f.fault("%s: %s is not understood for this model_type", key, v)
		}
	}
}
