package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// client asks one hub. It follows redirects itself: net/http would keep the token for subdomains and other ports.
type client struct {
	http     *http.Client
	source   Source
	site     Site
	origin   *url.URL
	patience Patience
	answered bool // the hub has let us in once
	say      func(format string, args ...any)
}

func newClient(s Source, site Site, e Env, say func(string, ...any)) (*client, error) {
	origin, err := url.Parse(site.Endpoint)
	if err != nil || origin.Host == "" || origin.Scheme != "https" && origin.Scheme != "http" {
		return nil, fmt.Errorf("endpoint of %s: want http(s)://host, not %q", s.Hub, bare(site.Endpoint))
	}
	if err := site.checkToken(); err != nil {
		return nil, err
	}
	transport := e.Transport
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone() // proxies from the environment
		t.MaxIdleConnsPerHost = 16
		transport = t
	}
	c := &client{source: s, site: site, origin: origin, patience: e.Patience.filled(), say: say}
	c.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if site.Token != "" && origin.Scheme == "http" && !loopback(origin.Hostname()) {
		c.site.Token = ""
		say("the token is not sent: %s is not https", origin.Host)
	}
	return c, nil
}

// reply is the last answer along the redirects, with what the hub itself said on the way.
type reply struct {
	*http.Response
	commit string // X-Repo-Commit
	linked string // X-Linked-Etag: the sha256 of an LFS file
	abroad bool   // a host answered that the token does not go to
}

const longestChain = 10

// get asks once. The token goes along while every hop so far was the hub's own.
func (c *client) get(ctx context.Context, address string, header http.Header) (*reply, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	r := &reply{}
	for range longestChain {
		r.abroad = r.abroad || !c.trusts(u)
		if u.User = nil; u.Host == c.origin.Host && !r.abroad {
			u.User = c.origin.User // of a mirror with a password
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, fmt.Errorf("address of %s: %w", u.Host, errors.Unwrap(err))
		}
		for name, values := range header {
			req.Header[name] = values
		}
		req.Header.Set("User-Agent", "fettle")
		if !r.abroad {
			c.authorize(req)
		}
		resp, err := c.http.Do(req)
		if err != nil {
			return nil, transportFault(ctx, u, err)
		}
		if !r.abroad {
			r.commit = first(r.commit, resp.Header.Get("X-Repo-Commit"))
			r.linked = first(r.linked, unquote(resp.Header.Get("X-Linked-Etag")))
		}
		if resp.StatusCode < 300 || resp.StatusCode > 399 || resp.Header.Get("Location") == "" {
			r.Response = resp
			return r, nil
		}
		drain(resp.Body)
		if u, err = c.hop(u, resp.Header.Get("Location")); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: more than %d redirects", c.source, longestChain)
}

func (c *client) hop(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s redirects to no address", from.Host)
	case to.Scheme != "https" && to.Scheme != from.Scheme:
		return nil, fmt.Errorf("%s redirects to %s without https: refused", from.Host, to.Host)
	}
	return to, nil
}

// authorize sends the token as the hubs' own clients do; ModelScope's older paths read a cookie.
func (c *client) authorize(req *http.Request) {
	if c.site.Token == "" {
		return
	}
	req.Header.Set("Authorization", "Bearer "+string(c.site.Token))
	if c.source.Hub == "modelscope" {
		req.AddCookie(&http.Cookie{Name: "m_session_id", Value: string(c.site.Token)})
	}
}

func drain(body io.ReadCloser) {
	io.CopyN(io.Discard, body, 64<<10) // lets the connection be used again
	body.Close()
}

func unquote(etag string) string { return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`) }

// bare is an address without user, password and query: signed links and proxies carry secrets there.
func bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(an address that cannot be read)"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
