package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"time"

	"fettle/internal/generate"
)

const (
	maxTop   = 20 // alternatives beside a token
	maxStops = 16 // stop strings
	maxRows  = 128
)

// params are the fields that both endpoints read.
type params struct {
	Model         string   `json:"model"`
	Stream        bool     `json:"stream"`
	StreamOptions *options `json:"stream_options"`
	N             *int     `json:"n"`
	Stop          stops    `json:"stop"`
	Seed          *int64   `json:"seed"`
	MaxTokens     *int     `json:"max_tokens"`

	Temperature       *float64 `json:"temperature"`
	TopP              *float64 `json:"top_p"`
	TopK              *int     `json:"top_k"`
	MinP              *float64 `json:"min_p"`
	RepetitionPenalty *float64 `json:"repetition_penalty"`
	IgnoreEOS         bool     `json:"ignore_eos"`

	unread
}

type options struct {
	IncludeUsage bool `json:"include_usage"`
	Obfuscation  bool `json:"include_obfuscation"` // left aside: it only hides lengths
}

// unread are fields that clients send and that change nothing here: who asks, where it is stored, what is cached ...
type unread struct {
	User, Metadata, Store, Verbosity any
	ServiceTier                      any `json:"service_tier"`
	SafetyIdentifier                 any `json:"safety_identifier"`
	PromptCacheKey                   any `json:"prompt_cache_key"`
	PromptCacheOptions               any `json:"prompt_cache_options"`
	PromptCacheRetention             any `json:"prompt_cache_retention"`
	ReasoningEffort                  any `json:"reasoning_effort"`
	Prediction                       any
	// These would change the answer: only the values that ask for nothing are taken.
	PresencePenalty  float64         `json:"presence_penalty"`
	FrequencyPenalty float64         `json:"frequency_penalty"`
	LogitBias        map[string]any  `json:"logit_bias"`
	BestOf           *int            `json:"best_of"`
	Suffix           *string         `json:"suffix"`
	ResponseFormat   *responseFormat `json:"response_format"`
	Functions        []any           `json:"functions"`
	FunctionCall     any             `json:"function_call"`
	WebSearch        any             `json:"web_search_options"`
	Audio            any
	Moderation       any
	Modalities       []string `json:"modalities"`
}

type responseFormat struct {
	Type string `json:"type"`
}

// stops are one string or several.
type stops []string

// UnmarshalJSON implements json.Unmarshaler.
func (s *stops) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		if *s = nil; string(raw) != "null" {
			*s = stops{one}
		}
		return nil
	}
	var many []string
	if err := json.Unmarshal(raw, &many); err != nil {
		return invalid("stop", "stop: want a text or a list of texts")
	}
	*s = many
	return nil
}

// read decodes a request's body; what is too large, no JSON or unknown is a fault.
func (s *Server) read(w http.ResponseWriter, r *http.Request, dst any) error {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // not every writer knows deadlines: tests' recorders do not
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.config.MaxBody))
	_ = control.SetReadDeadline(time.Time{})
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return invalid("", "the body is larger than %d bytes", s.config.MaxBody).with(http.StatusRequestEntityTooLarge, "request_too_large")
	case err != nil:
		return invalid("", "the body cannot be read")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(dst); err != nil {
		return decodeFault(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return invalid("", "the body holds more than one JSON object")
	}
	return nil
}

var unknownField = regexp.MustCompile(`unknown field "(.*)"`)

func decodeFault(err error) *fault {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var own *fault
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &kind) && kind.Field == "":
		return invalid("", "the body is no JSON object but %s", kind.Value)
	case errors.As(err, &kind):
		return invalid(kind.Field, "%s: want %s, got %s", kind.Field, kindName(kind.Type), kind.Value)
	case errors.Is(err, io.EOF):
		return invalid("", "the body is empty: want a JSON object")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return invalid("", "the body is no JSON: it ends in the middle")
	case errors.As(err, &syntax):
		return invalid("", "the body is no JSON: byte %d is out of place", syntax.Offset)
	}
	if m := unknownField.FindStringSubmatch(err.Error()); m != nil {
		return invalid(m[1], "%s is no field that is known here", m[1]).with(http.StatusBadRequest, "unknown_parameter")
	}
	return invalid("", "the body is no request that is understood: %v", err)
}

// kindName says in words what JSON a field wants.
func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kindName(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

// check finds values out of range and fields that are not supported.
func (p *params) check() *fault {
	for _, f := range []struct {
		name        string
		value       *float64
		least, most float64
	}{{"temperature", p.Temperature, 0, 100}, {"top_p", p.TopP, 0, 1}, {"min_p", p.MinP, 0, 1}, {"repetition_penalty", p.RepetitionPenalty, 0.01, 100}} {
		if f.value != nil && !(*f.value >= f.least && *f.value <= f.most) {
			return invalid(f.name, "%s is %v: want %v to %v", f.name, *f.value, f.least, f.most)
		}
	}
	switch {
	case p.TopK != nil && *p.TopK < -1:
		return invalid("top_k", "top_k is %d: want -1 (off) or more", *p.TopK)
	case p.N != nil && (*p.N < 1 || *p.N > maxRows):
		return invalid("n", "n is %d: want 1 to %d", *p.N, maxRows)
	case len(p.Stop) > maxStops:
		return invalid("stop", "%d stop strings: want at most %d", len(p.Stop), maxStops)
	case slices.Contains(p.Stop, ""):
		return invalid("stop", "a stop string is empty")
	case p.StreamOptions != nil && !p.Stream:
		return invalid("stream_options", "stream_options needs stream")
	}
	return p.unsupported()
}

func (u *unread) unsupported() *fault {
	refused := ""
	switch {
	case u.PresencePenalty != 0:
		refused = "presence_penalty"
	case u.FrequencyPenalty != 0:
		refused = "frequency_penalty"
	case len(u.LogitBias) > 0:
		refused = "logit_bias"
	case u.BestOf != nil && *u.BestOf != 1:
		refused = "best_of"
	case u.Suffix != nil && *u.Suffix != "":
		refused = "suffix"
	case u.ResponseFormat != nil && u.ResponseFormat.Type != "text":
		refused = "response_format"
	case len(u.Functions) > 0:
		refused = "functions"
	case u.FunctionCall != nil && u.FunctionCall != "auto" && u.FunctionCall != "none":
		refused = "function_call"
	case u.WebSearch != nil:
		refused = "web_search_options"
	case u.Audio != nil:
		refused = "audio"
	case u.Moderation != nil:
		refused = "moderation"
	case len(u.Modalities) > 1 || len(u.Modalities) == 1 && u.Modalities[0] != "text":
		refused = "modalities"
	default:
		return nil
	}
	return invalid(refused, "%s: this server has no way to follow it, and an answer without would be another than asked for", refused).with(http.StatusBadRequest, "unsupported_value")
}

// choices is how many answers a prompt gets.
func (p *params) choices() int {
	if p.N == nil {
		return 1
	}
	return *p.N
}

// sampling of answer number n; nil = the most likely tokens.
func (p *params) sampling(s generate.Sampling, n int) *generate.Sampling {
	set(&s.Temperature, p.Temperature)
	set(&s.TopP, p.TopP)
	set(&s.TopK, p.TopK)
	set(&s.MinP, p.MinP)
	set(&s.RepetitionPenalty, p.RepetitionPenalty)
	s.TopK = max(s.TopK, 0)
	if p.TopP != nil && *p.TopP == 0 {
		s.TopP = math.SmallestNonzeroFloat64 // 0 would switch the step off
	}
	if s.Temperature == 0 {
		if s.RepetitionPenalty == 1 {
			return nil
		}
		s = generate.Sampling{Temperature: 1, TopK: 1, RepetitionPenalty: s.RepetitionPenalty}
	}
	s.Seed = rand.Uint64()
	if p.Seed != nil {
		s.Seed = uint64(*p.Seed) + uint64(n)
	}
	return &s
}

// room is how many tokens a prompt's answer may have: what is asked for, else `usual`, within the server's and the model's limits.
func (s *Server) room(prompt int, asked *int, least, usual int) (int, *fault) {
	left := s.config.Models.Context - prompt
	switch {
	case left < least:
		return 0, invalid("messages", "the model's context has %d tokens, the prompt %d: no room for an answer", s.config.Models.Context, prompt).with(http.StatusBadRequest, "context_length_exceeded")
	case asked == nil:
		return min(left, usual, s.config.MaxTokens), nil
	case *asked < least:
		return 0, invalid("max_tokens", "max_tokens is %d: want %d or more", *asked, least)
	case *asked > s.config.MaxTokens:
		return 0, invalid("max_tokens", "max_tokens is %d: this server gives at most %d", *asked, s.config.MaxTokens)
	case *asked > left:
		return 0, invalid("max_tokens", "the model's context has %d tokens: %d of the prompt and %d of the answer are more", s.config.Models.Context, prompt, *asked).with(http.StatusBadRequest, "context_length_exceeded")
	}
	return *asked, nil
}

// engine finds the model that a request names; one model alone needs no name.
func (s *Server) engine(name string) (*engine, *fault) {
	all := s.config.Models.engines
	if name == "" && len(all) == 1 {
		return all[0], nil
	}
	if e := s.config.Models.find(name); e != nil {
		return e, nil
	}
	return nil, invalid("model", "model %q is not served here; /v1/models lists those that are", name).with(http.StatusNotFound, "model_not_found")
}

// checkTokens refuses ids that are none of the model's.
func (s *Server) checkTokens(prompt []int32) *fault {
	if len(prompt) == 0 {
		return invalid("prompt", "the prompt has no tokens")
	}
	vocab := s.config.Models.decoder.Config.Vocab
	for _, id := range prompt {
		if id < 0 || int(id) >= vocab {
			return invalid("prompt", "token %d is not one of the model's %d", id, vocab)
		}
	}
	return nil
}

func newID(prefix string) string {
	return fmt.Sprintf("%s%016x%08x", prefix, rand.Uint64(), rand.Uint32())
}
