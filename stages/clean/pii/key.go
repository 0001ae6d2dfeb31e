package pii

import (
	"math"
	"strings"
)

// secret is a kind of key: how it begins, what follows, and how much of it at least.
type secret struct {
	prefix string
	least  int
	in     func(byte) bool
}

func isToken(c byte) bool      { return isAlnum(c) || c == '_' || c == '-' }
func isTokenDot(c byte) bool   { return isToken(c) || c == '.' }
func isUpperAlnum(c byte) bool { return isUpper(c) || isDigit(c) }

// secrets: the prefixes that the issuers document.
var secrets = []secret{
	{"sk-", 20, isToken},                                                                                              // OpenAI, Anthropic, DeepSeek, Moonshot ...
	{"ghp_", 36, isAlnum}, {"gho_", 36, isAlnum}, {"ghu_", 36, isAlnum}, {"ghs_", 36, isAlnum}, {"ghr_", 36, isAlnum}, // GitHub
	{"github_pat_", 36, isToken},
	{"glpat-", 20, isToken},                                // GitLab
	{"hf_", 30, isAlnum},                                   // Hugging Face
	{"AKIA", 16, isUpperAlnum}, {"ASIA", 16, isUpperAlnum}, // AWS
	{"AIza", 35, isToken},                                                                                                                          // Google
	{"ya29.", 20, isToken},                                                                                                                         // Google OAuth
	{"xoxb-", 20, isToken}, {"xoxp-", 20, isToken}, {"xoxa-", 20, isToken}, {"xoxr-", 20, isToken}, {"xoxs-", 20, isToken}, {"xapp-", 20, isToken}, // Slack
	{"sk_live_", 16, isAlnum}, {"rk_live_", 16, isAlnum}, {"sk_test_", 16, isAlnum}, {"whsec_", 24, isAlnum}, // Stripe
	{"LTAI", 12, isAlnum}, // Alibaba Cloud
	{"AKID", 32, isAlnum}, // Tencent Cloud
	{"npm_", 36, isAlnum}, {"pypi-", 50, isToken}, {"dckr_pat_", 24, isToken}, {"dop_v1_", 40, isAlnum}, {"shpat_", 32, isAlnum},
	{"SG.", 40, isTokenDot},  // SendGrid
	{"eyJ", 60, isTokenDot},  // JSON web token
	{"r8_", 36, isAlnum},     // Replicate
	{"gsk_", 40, isAlnum},    // Groq
	{"nvapi-", 40, isToken},  // NVIDIA
	{"figd_", 36, isToken},   // Figma
	{"secret_", 40, isAlnum}, // Notion
}

// entropy below which a run is words, not a key; random base62 of 16 characters has about 3.6 bits a character.
const leastEntropy = 3.0

// keyEnd: a known prefix, enough of the right characters after it, and those look random.
func keyEnd(s string, i int) int {
	if i > 0 && (s[i-1] == '_' || s[i-1] == '-') {
		return 0
	}
	for _, k := range secrets {
		if !strings.HasPrefix(s[i:], k.prefix) {
			continue
		}
		from := i + len(k.prefix)
		end := from + len(strings.TrimRight(s[from:span(s, from, k.in)], ".-_"))
		if end-from >= k.least && (end == len(s) || !isAlnum(s[end])) && random(s[from:end]) {
			return end
		}
	}
	return 0
}

// random tells keys from words with a prefix (sk-learn) and from numbers.
func random(s string) bool {
	lower := strings.ToLower(s) == s && !strings.ContainsAny(s, "0123456789")
	return !lower && span(s, 0, isDigit) < len(s) && entropy(s) >= leastEntropy
}

// entropy is Shannon's, in bits a character.
func entropy(s string) float64 {
	var count [256]int
	for i := range len(s) {
		count[s[i]]++
	}
	h := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			h -= p * math.Log2(p)
		}
	}
	return h
}
