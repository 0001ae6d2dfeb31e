package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authorize compares the bearer key in constant time.
func (s *Server) authorize(r *http.Request) error {
	if s.config.Key == "" {
		return nil
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.config.Key)) // of one length, whatever was given
	if subtle.ConstantTimeCompare(a[:], b[:]) == 1 && ok {
		return nil
	}
	return invalid("", "the Authorization header holds no valid key: want Bearer and the server's key").with(http.StatusUnauthorized, "invalid_api_key")
}

// guard keeps web pages out that were not invited: any page can reach a server on this machine through its reader's browser,
// by a cross-site request or by a name of its own that resolves to here.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.config.Key == "" && !IsLoopback(r.Host) {
			invalid("", "host %q is not this machine", r.Host).with(http.StatusForbidden, "wrong_host").write(w)
			return
		}
		origin := r.Header.Get("Origin")
		if origin == "" || sameHost(origin, r.Host) {
			next.ServeHTTP(w, r)
			return
		}
		if !slices.Contains(s.config.Origins, origin) && !slices.Contains(s.config.Origins, "*") {
			invalid("", "pages of %s may not ask this server", origin).with(http.StatusForbidden, "wrong_origin").write(w)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
			h.Set("Access-Control-Allow-Headers", "*, Authorization, Content-Type")
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host == host
}

// IsLoopback says whether a host, with or without a port, is this machine and nothing else.
func IsLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// CheckListen refuses an address that others can reach where no key keeps them out.
func CheckListen(addr, key string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("listen %q: want HOST:PORT", addr)
	}
	if key == "" && !IsLoopback(addr) {
		return fmt.Errorf("listen %q: others can reach it: set a key first (-key-file or FETTLE_API_KEY)", addr)
	}
	return nil
}
