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
