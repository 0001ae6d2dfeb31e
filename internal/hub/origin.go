package hub

import (
	"net"
	"net/url"
	"strings"
)

// owners name the hosts that one owner answers for: their tokens are the same.
var owners = map[string]string{
	"huggingface.co": "huggingface", "hf.co": "huggingface",
	"modelscope.cn": "modelscope", "www.modelscope.cn": "modelscope",
	"modelscope.ai": "modelscope.ai", "www.modelscope.ai": "modelscope.ai",
}

// trusts: may the token go there? To the endpoint's origin, and over https to the other hosts of its owner; from a mirror of
// Hugging Face also to Hugging Face, whose token it is (huggingface_hub, utils/_http.py: _HUB_ORIGINS).
func (c *client) trusts(u *url.URL) bool {
	if u.Scheme == c.origin.Scheme && hostPort(u) == hostPort(c.origin) {
		return true
	}
	host, port, _ := net.SplitHostPort(hostPort(u))
	owner := owners[host]
	if u.Scheme != "https" || port != "443" || owner == "" {
		return false
	}
	return owner == owners[strings.ToLower(c.origin.Hostname())] || c.source.Hub == "hf" && owner == "huggingface"
}

// hostPort writes a host as RFC 3986 compares it: in small letters, with its scheme's port where none is named.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
