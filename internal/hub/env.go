package hub

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Env is what surrounds a pull: addresses, tokens, caches, patience.
type Env struct {
	HuggingFace Site
	ModelScope  Site
	Offline     bool              // use what is on this machine, ask no hub
	Transport   http.RoundTripper // nil = the standard one, with the environment's proxies
	Patience    Patience
}

// Site is one hub as this machine sees it.
type Site struct {
	Endpoint  string // without a slash at its end
	Token     Secret
	TokenFrom string // where the token was found, for messages
	Cache     string // folder of the hub's own client
}

// Patience says how long to try. The zero value means the defaults below.
type Patience struct {
	Attempts int           // in a row without a new byte (default 6)
	Base     time.Duration // first pause; doubled each time (default 1s)
	Longest  time.Duration // longest pause that a hub may ask for (default 10m)
	Stall    time.Duration // a connection that brings nothing for so long is dropped (default 60s)
}

func (p Patience) filled() Patience {
	fill := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	if p.Attempts == 0 {
		p.Attempts = 6
	}
	fill(&p.Base, time.Second)
	fill(&p.Longest, 10*time.Minute)
	fill(&p.Stall, time.Minute)
	return p
}

// Secret is a token that no formatting shows.
type Secret string

func (Secret) String() string               { return "[hidden]" }
func (Secret) GoString() string             { return "[hidden]" }
func (Secret) MarshalText() ([]byte, error) { return []byte("[hidden]"), nil }

// FromEnv reads the variables that the hubs' own clients read, in their order of precedence.
func FromEnv() Env {
	home, _ := os.UserHomeDir()
	hfHome := first(os.Getenv("HF_HOME"), filepath.Join(first(os.Getenv("XDG_CACHE_HOME"), filepath.Join(home, ".cache")), "huggingface"))
	e := Env{
		HuggingFace: Site{
			Endpoint: strings.TrimRight(first(os.Getenv("HF_ENDPOINT"), "https://huggingface.co"), "/"),
			Cache:    expand(first(os.Getenv("HF_HUB_CACHE"), os.Getenv("HUGGINGFACE_HUB_CACHE"), filepath.Join(hfHome, "hub")), home),
		},
		ModelScope: Site{
			Endpoint: strings.TrimRight(withScheme(first(os.Getenv("MODELSCOPE_ENDPOINT"), os.Getenv("MODELSCOPE_DOMAIN"), "modelscope.cn")), "/"),
			Cache:    expand(first(os.Getenv("MODELSCOPE_CACHE"), filepath.Join(home, ".cache", "modelscope")), home),
		},
		Offline: isTrue(first(os.Getenv("HF_HUB_OFFLINE"), os.Getenv("TRANSFORMERS_OFFLINE"))),
	}
	if !isTrue(os.Getenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
		e.HuggingFace.findToken([]string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"},
			expand(first(os.Getenv("HF_TOKEN_PATH"), filepath.Join(hfHome, "token")), home))
	}
	e.ModelScope.findToken([]string{"MODELSCOPE_API_TOKEN"},
		filepath.Join(expand(first(os.Getenv("MODELSCOPE_HOME"), filepath.Join(home, ".modelscope")), home), "token"))
	return e
}

func (s *Site) findToken(variables []string, file string) {
	for _, name := range variables {
		if t := cleanToken(os.Getenv(name)); t != "" {
			s.Token, s.TokenFrom = t, name
			return
		}
	}
	if raw, err := os.ReadFile(file); err == nil {
		if t := cleanToken(string(raw)); t != "" {
			s.Token, s.TokenFrom = t, "the token file of the hub's client"
		}
	}
}

// cleanToken forgives what copying adds (huggingface_hub, utils/_auth.py: _clean_token).
func cleanToken(t string) Secret {
	return Secret(strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(t)))
}

// checkToken names a token that no header could carry, or only in part.
func (s Site) checkToken() error {
	none := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"\;,`, r) }
	if strings.ContainsFunc(string(s.Token), none) {
		return fmt.Errorf("the token (from %s) holds a character that no token has: a blank, a quotation mark or the like", s.TokenFrom)
	}
	return nil
}

func first(values ...string) string {
	for _, v := range values {
		if strings.TrimSpace(v) != "" {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func withScheme(address string) string {
	if lower := strings.ToLower(address); strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "http://") {
		return address
	}
	return "https://" + address
}

var variable = regexp.MustCompile(`\$(\w+|\{[^}]*\})`)

// expand reads ~ and $VARIABLE as Python does: what is not set stays as it is written.
func expand(path, home string) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		path = home + path[1:]
	}
	return variable.ReplaceAllStringFunc(path, func(name string) string {
		if value, ok := os.LookupEnv(strings.Trim(name, "${}")); ok {
			return value
		}
		return name
	})
}

// isTrue reads a switch as huggingface_hub does (constants.py).
func isTrue(s string) bool {
	switch strings.ToUpper(s) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}
