package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// passing is a fault that may be gone at the next try.
type passing struct {
	err   error
	after time.Duration // what the server asked to wait; 0 = it did not say
}

func (p passing) Error() string { return p.err.Error() }
func (p passing) Unwrap() error { return p.err }

// transportFault names the host only: addresses along the way may be signed.
func transportFault(ctx context.Context, u *url.URL, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	err = fmt.Errorf("ask %s: %w", u.Host, err)
	var cert *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &cert) || errors.As(err, &unknown) {
		return err
	}
	return passing{err: err}
}

// status turns an answer other than 2xx into an error that says what to do.
func (c *client) status(r *reply) error {
	if r.StatusCode/100 == 2 {
		return nil
	}
	switch code := r.StatusCode; {
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return passing{err: fmt.Errorf("%s answers %d %s", r.Request.URL.Host, code, http.StatusText(code)), after: retryAfter(r.Header.Get("Retry-After"), time.Now())}
	case r.abroad: // a signed link that ran out, or a store that hiccups: the hub gives a new link
		return passing{err: fmt.Errorf("%s answers %d %s", r.Request.URL.Host, code, http.StatusText(code))}
	}
	return c.refused(r.StatusCode, r.Header.Get("X-Error-Code"), first(r.Header.Get("X-Error-Message"), message(r.Body)))
}

// message reads {"error": ...} or {"Message": ...}.
func message(body io.Reader) string {
	raw, _ := io.ReadAll(io.LimitReader(body, 64<<10))
	var said struct {
		Error   string `json:"error"`
		Message string `json:"Message"`
	}
	json.Unmarshal(raw, &said)
	return first(said.Error, said.Message)
}

// refused explains a refusal of the hub itself.
func (c *client) refused(status int, code, said string) error {
	page := bare(c.site.Endpoint) + "/" + c.source.Repo
	variable, tokens := "HF_TOKEN", bare(c.site.Endpoint)+"/settings/tokens"
	if c.source.Hub == "modelscope" {
		page, variable, tokens = bare(c.site.Endpoint)+"/models/"+c.source.Repo, "MODELSCOPE_API_TOKEN", bare(c.site.Endpoint)+"/my/myaccesstoken"
	}
	var err error
	switch gated := code == "GatedRepo" || status == 403; {
	case gated && c.site.Token == "":
		err = fmt.Errorf("%s is gated: accept its terms at %s, then set %s to a token of that account (%s)", c.source, page, variable, tokens)
	case gated:
		err = fmt.Errorf("%s is gated and the account of the token (from %s) has no access: ask for it at %s, or set %s to a token that may read it (%s)",
			c.source, c.site.TokenFrom, page, variable, tokens)
	case status == 401 && c.site.Token == "":
		err = fmt.Errorf("%s does not exist or is private: see %s; for a private one set %s (%s)", c.source, page, variable, tokens)
	case status == 401:
		err = fmt.Errorf("%s: the token (from %s) is refused, or the repository does not exist: see %s and %s; %s takes another token",
			c.source, c.site.TokenFrom, page, tokens, variable)
	case code == "RevisionNotFound":
		err = fmt.Errorf("%s: there is no such branch, tag or commit: see %s", c.source, page)
	case status == 404:
		err = fmt.Errorf("%s does not exist, or not at this revision: see %s", c.source, page)
	default:
		err = fmt.Errorf("%s: the hub answers %d", c.source, status)
	}
	if said = strings.TrimSpace(said); said != "" {
		return fmt.Errorf("%w (the hub says: %.300s)", err, c.hide(said))
	}
	return err
}

// plain keeps a hub's words from steering the terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// hide keeps a token out of what a hub says back.
func (c *client) hide(text string) string {
	text = plain(text)
	if c.site.Token == "" {
		return text
	}
	return strings.ReplaceAll(text, string(c.site.Token), "[hidden]")
}
