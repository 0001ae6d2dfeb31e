package artifact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Parts is everything that may change what a stage writes. Two computations with equal parts have equal outputs.
type Parts struct {
	Stage    string            `json:"stage"`
	Version  int               `json:"version"`  // the stage's: raised when its output changes for equal settings
	Settings json.RawMessage   `json:"settings"` // canonical, defaults filled in, without paths and key:"-" fields
	Inputs   map[string]string `json:"inputs"`   // name -> data digest of the input artifact
	Files    map[string]string `json:"files"`    // setting -> digest of the content it points at
	Backend  string            `json:"backend"`  // resolved compute backend; "" for stages that compute nothing on one
}

// Key is the sha256 of the parts in canonical JSON, as hex.
func (p Parts) Key() string {
	raw, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("artifact: parts of %s: %v", p.Stage, err)) // Settings is not JSON: a bug
	}
	sum := sha256.Sum256(canonical(raw))
	return hex.EncodeToString(sum[:])
}

// canonical rewrites JSON with sorted keys and no white space; numbers keep their spelling.
func canonical(raw []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		panic(fmt.Sprintf("artifact: canonical JSON: %v", err))
	}
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("artifact: canonical JSON: %v", err))
	}
	return out
}

// Ref names an artifact for people and reports: <stage>/<first 16 hex of its key>.
type Ref string

// RefOf is the reference of a key.
func RefOf(stage, key string) Ref { return Ref(stage + "/" + key[:16]) }

// ParseRef checks a reference given by a user.
func ParseRef(s string) (Ref, error) {
	stage, key, ok := strings.Cut(s, "/")
	if !ok || stage == "" || len(key) != 16 || strings.Trim(key, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%q is no artifact reference: want STAGE/KEY with 16 hex digits, e.g. clean/0123456789abcdef", s)
	}
	return Ref(s), nil
}

// Stage is the part before the slash.
func (r Ref) Stage() string { stage, _, _ := strings.Cut(string(r), "/"); return stage }

// Key16 is the part after the slash.
func (r Ref) Key16() string { _, key, _ := strings.Cut(string(r), "/"); return key }
