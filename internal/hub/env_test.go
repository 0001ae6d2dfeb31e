package hub_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/hub"
)

func TestFromEnv(t *testing.T) {
	home := t.TempDir()
	clear := func(t *testing.T) {
		for _, name := range []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME",
			"HF_ENDPOINT", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "MODELSCOPE_API_TOKEN", "MODELSCOPE_ENDPOINT",
			"MODELSCOPE_DOMAIN", "MODELSCOPE_CACHE", "MODELSCOPE_HOME"} {
			t.Setenv(name, "")
		}
		t.Setenv("HOME", home)
	}
	write(t, filepath.Join(home, ".cache/huggingface/token"), []byte(" from-file\n"))
	write(t, filepath.Join(home, "hf/token"), []byte("from-home"))
	write(t, filepath.Join(home, "there"), []byte("from-path"))
	write(t, filepath.Join(home, ".modelscope/token"), []byte("ms-file"))
	tests := []struct {
		name string
		set  map[string]string
		got  func(e hub.Env) any
		want any
	}{
		{"defaults", nil, func(e hub.Env) any { return []string{e.HuggingFace.Endpoint, e.ModelScope.Endpoint} }, []string{"https://huggingface.co", "https://modelscope.cn"}},
		{"a mirror", map[string]string{"HF_ENDPOINT": "https://mirror.example/"}, func(e hub.Env) any { return e.HuggingFace.Endpoint }, "https://mirror.example"},
		{"modelscope's domain", map[string]string{"MODELSCOPE_DOMAIN": "www.modelscope.ai"}, func(e hub.Env) any { return e.ModelScope.Endpoint }, "https://www.modelscope.ai"},
		{"the token file", nil, func(e hub.Env) any { return string(e.HuggingFace.Token) + string(e.ModelScope.Token) }, "from-filems-file"},
		{"the variable first", map[string]string{"HF_TOKEN": "v\n"}, func(e hub.Env) any { return string(e.HuggingFace.Token) + " " + e.HuggingFace.TokenFrom }, "v HF_TOKEN"},
		{"no token", map[string]string{"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "HF_TOKEN": "v"}, func(e hub.Env) any { return string(e.HuggingFace.Token) }, ""},
		{"offline", map[string]string{"HF_HUB_OFFLINE": "yes"}, func(e hub.Env) any { return e.Offline }, true},
		{"not offline", map[string]string{"HF_HUB_OFFLINE": "0"}, func(e hub.Env) any { return e.Offline }, false},
		{"the cache", nil, func(e hub.Env) any { return e.HuggingFace.Cache }, filepath.Join(home, ".cache/huggingface/hub")},
		{"HF_HOME", map[string]string{"HF_HOME": "/x"}, func(e hub.Env) any { return e.HuggingFace.Cache }, "/x/hub"},
		{"HF_HOME and the token", map[string]string{"HF_HOME": "~/hf"}, func(e hub.Env) any { return string(e.HuggingFace.Token) }, "from-home"},
		{"HF_TOKEN_PATH", map[string]string{"HF_HOME": "~/hf", "HF_TOKEN_PATH": "$HOME/there"}, func(e hub.Env) any { return string(e.HuggingFace.Token) + " " + e.HuggingFace.TokenFrom }, "from-path the token file of the hub's client"},
		{"home alone", map[string]string{"HF_HUB_CACHE": "~"}, func(e hub.Env) any { return e.HuggingFace.Cache }, home},
		{"a variable in braces", map[string]string{"HF_HUB_CACHE": "${HOME}/y"}, func(e hub.Env) any { return e.HuggingFace.Cache }, filepath.Join(home, "y")},
		{"a dollar that is none", map[string]string{"HF_HUB_CACHE": "/x/$no_such_variable/${nor_this}/5$"}, func(e hub.Env) any { return e.HuggingFace.Cache }, "/x/$no_such_variable/${nor_this}/5$"},
		{"XDG_CACHE_HOME", map[string]string{"XDG_CACHE_HOME": "/xdg"}, func(e hub.Env) any { return e.HuggingFace.Cache }, "/xdg/huggingface/hub"},
		{"the older name of the cache", map[string]string{"HUGGINGFACE_HUB_CACHE": "/old"}, func(e hub.Env) any { return e.HuggingFace.Cache }, "/old"},
		{"the older name of the token", map[string]string{"HUGGING_FACE_HUB_TOKEN": "old"}, func(e hub.Env) any { return string(e.HuggingFace.Token) }, "old"},
		{"a token over two lines", map[string]string{"HF_TOKEN": " hf_a\r\nb \n"}, func(e hub.Env) any { return string(e.HuggingFace.Token) }, "hf_ab"},
		{"offline for transformers", map[string]string{"TRANSFORMERS_OFFLINE": "on"}, func(e hub.Env) any { return e.Offline }, true},
		{"online, whatever is said to transformers", map[string]string{"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "1"}, func(e hub.Env) any { return e.Offline }, false},
		{"modelscope's endpoint", map[string]string{"MODELSCOPE_ENDPOINT": "www.modelscope.ai/", "MODELSCOPE_DOMAIN": "x"}, func(e hub.Env) any { return e.ModelScope.Endpoint }, "https://www.modelscope.ai"},
		{"modelscope's endpoint in capitals", map[string]string{"MODELSCOPE_ENDPOINT": "HTTP://localhost:1"}, func(e hub.Env) any { return e.ModelScope.Endpoint }, "HTTP://localhost:1"},
		{"modelscope's cache", nil, func(e hub.Env) any { return e.ModelScope.Cache }, filepath.Join(home, ".cache/modelscope")},
		{"modelscope's cache elsewhere", map[string]string{"MODELSCOPE_CACHE": "~/ms"}, func(e hub.Env) any { return e.ModelScope.Cache }, filepath.Join(home, "ms")},
		{"HF_HUB_CACHE", map[string]string{"HF_HOME": "/x", "HF_HUB_CACHE": "~/y"}, func(e hub.Env) any { return e.HuggingFace.Cache }, filepath.Join(home, "y")},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			clear(t)
			for k, v := range tc.set {
				t.Setenv(k, v)
			}
			if got := fmt.Sprint(tc.got(hub.FromEnv())); got != fmt.Sprint(tc.want) {
				t.Errorf("got %s, want %v", got, tc.want)
			}
		})
	}
}

func TestSecretIsHidden(t *testing.T) {
	e := hub.Env{HuggingFace: hub.Site{Token: token}}
	raw, _ := json.Marshal(e.HuggingFace)
	for _, text := range []string{fmt.Sprint(e), fmt.Sprintf("%v %+v %#v %s %q", e, e, e, e.HuggingFace.Token, e.HuggingFace.Token), string(raw)} {
		if strings.Contains(text, token) {
			t.Error("shown:", text)
		}
	}
}

// What no token holds is named before anything is asked, and not shown.
func TestTokensThatAreNone(t *testing.T) {
	for _, bad := range []string{`"hf_SeCrEtSeCrEt"`, "hf_SeCrEt SeCrEt", "hf_SeCrEt\x00", "hf_SeCrEté", "hf_SeCrEt;a=b"} {
		for _, src := range []string{"hf:owner/tiny", "modelscope:owner/tiny"} {
			h := newHub(t, tiny())
			e := h.env(t)
			e.HuggingFace.Token, e.HuggingFace.TokenFrom = hub.Secret(bad), "HF_TOKEN"
			e.ModelScope.Token, e.ModelScope.TokenFrom = hub.Secret(bad), "MODELSCOPE_API_TOKEN"
			_, said, err := pull(t, src, e, hub.Options{To: filepath.Join(t.TempDir(), "tiny")})
			if !says(err, "_TOKEN) holds a character that no token has") || h.requests() > 0 || strings.Contains(said+fmt.Sprint(err), "SeCrEt") {
				t.Errorf("%q: %v after %d requests", bad, err, h.requests())
			}
		}
	}
}

// A token over plain http to another machine could be read on the way: it stays here.
func TestTokenNeedsHTTPS(t *testing.T) {
	h := newHub(t, tiny())
	e := h.env(t)
	e.HuggingFace.Endpoint, e.HuggingFace.Token = "http://hub.invalid", token
	e.Transport = rewired{h}
	dir := filepath.Join(t.TempDir(), "tiny")
	_, said, err := pull(t, "hf:owner/tiny", e, hub.Options{To: dir})
	if err != nil || !strings.Contains(said, "the token is not sent") {
		t.Fatal(err, said)
	}
	for _, a := range h.asked {
		if a.auth != "" {
			t.Errorf("%s got %q", a.name, a.auth)
		}
	}
}
