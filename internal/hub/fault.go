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

// refusal is a hub's no.
type refusal struct {
	err    error
	status int
}

func (r refusal) Error() string { return r.err.Error() }
func (r refusal) Unwrap() error { return r.err }

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
func (c *client) status(r *reply, file bool) error {
	if r.StatusCode/100 == 2 {
		return nil
	}
	err := fmt.Errorf("%s answers %d %s", r.Request.URL.Host, r.StatusCode, http.StatusText(r.StatusCode))
	switch status := r.StatusCode; {
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500:
		return passing{err: err, after: asked(r.Header, time.Now())}
	case r.abroad && file: // a signed link that ran out, or a store that hiccups: the hub gives a new link
		return passing{err: err}
	case r.abroad && c.site.Token != "":
		return fmt.Errorf("%s: %w, and to there, where %s leads, the token is not sent: see %s", c.source, err, c.origin.Host, c.words().endpoint)
	}
	code := r.Header.Get("X-Error-Code")
	if file && code == "" && r.StatusCode == http.StatusNotFound {
		code = "EntryNotFound"
	}
	return c.refused(r.StatusCode, code, first(r.Header.Get("X-Error-Message"), message(r.Body)))
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

// words are what a hub calls the places that messages send people to.
type words struct{ page, token, tokens, endpoint string }

func (c *client) words() words {
	at := bare(c.site.Endpoint)
	if c.source.Hub == "modelscope" {
		return words{at + "/models/" + c.source.Repo, "MODELSCOPE_API_TOKEN", at + "/my/myaccesstoken", "MODELSCOPE_ENDPOINT"}
	}
	return words{at + "/" + c.source.Repo, "HF_TOKEN", at + "/settings/tokens", "HF_ENDPOINT"}
}

// refused explains a refusal of the hub itself.
func (c *client) refused(status int, code, said string) error {
	w, anonymous := c.words(), c.site.Token == ""
	var err error
	switch gated := code == "GatedRepo" || status == 403; {
	case strings.Contains(said, "is disabled"): // huggingface_hub, utils/_http.py: DisabledRepoError
		err = fmt.Errorf("%s is closed: see %s", c.source, w.page)
	case gated && anonymous:
		err = fmt.Errorf("%s is gated: accept its terms at %s, then set %s to a token of that account (%s)", c.source, w.page, w.token, w.tokens)
	case gated:
		err = fmt.Errorf("%s is gated and the account of the token (from %s) has no access: ask for it at %s, or set %s to a token that may read it (%s)",
			c.source, c.site.TokenFrom, w.page, w.token, w.tokens)
	case code == "RevisionNotFound":
		err = fmt.Errorf("%s: there is no such branch, tag or commit: see %s", c.source, w.page)
	case code == "EntryNotFound":
		err = fmt.Errorf("%s: the hub lists the file and has none: see %s", c.source, w.page)
	case status == 401 && !anonymous:
		err = fmt.Errorf("%s: the token (from %s) is refused, or the repository does not exist: see %s and %s; %s takes another token",
			c.source, c.site.TokenFrom, w.page, w.tokens, w.token)
	case (status == 401 || status == 404) && anonymous:
		err = fmt.Errorf("%s does not exist%s, or is private: see %s; for a private one set %s (%s)", c.source, orRevision(c.source), w.page, w.token, w.tokens)
	case status == 404:
		err = fmt.Errorf("%s does not exist%s, or the token (from %s) may not see it: see %s", c.source, orRevision(c.source), c.site.TokenFrom, w.page)
	default:
		err = fmt.Errorf("%s: the hub answers %d", c.source, status)
	}
	if said = strings.TrimSpace(said); said != "" {
		err = fmt.Errorf("%w (the hub says: %.300s)", err, c.hide(said))
	}
	return refusal{err, status}
}

// orRevision: a hub that does not say what it misses may miss the revision.
func orRevision(s Source) string {
	if s.Revision == "" {
		return ""
	}
	return ", or not at this revision"
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
