package hub

import (
	"net/http"
	"os"
	"path/filepath"
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
			Endpoint: strings.TrimRight(first(os.Getenv("MODELSCOPE_ENDPOINT"), domain(os.Getenv("MODELSCOPE_DOMAIN")), "https://modelscope.cn"), "/"),
			Cache:    expand(first(os.Getenv("MODELSCOPE_CACHE"), filepath.Join(home, ".cache", "modelscope", "hub")), home),
		},
		Offline: isTrue(os.Getenv("HF_HUB_OFFLINE")) || isTrue(os.Getenv("TRANSFORMERS_OFFLINE")),
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
		if t := strings.TrimSpace(os.Getenv(name)); t != "" {
			s.Token, s.TokenFrom = Secret(t), name
			return
		}
	}
	if raw, err := os.ReadFile(file); err == nil {
		if t := strings.TrimSpace(string(raw)); t != "" {
			s.Token, s.TokenFrom = Secret(t), "the token file of the hub's client"
		}
	}
}

func first(values ...string) string {
	for _, v := range values {
		if strings.TrimSpace(v) != "" {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func domain(name string) string {
	if name == "" || strings.Contains(name, "://") {
		return name
	}
	return "https://" + name
}

func expand(path, home string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		path = filepath.Join(home, rest)
	}
	return os.ExpandEnv(path)
}

// isTrue reads a switch as huggingface_hub does (constants.py).
func isTrue(s string) bool {
	switch strings.ToUpper(s) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}
