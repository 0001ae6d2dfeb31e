package hub

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// follow finds the next page in Link headers; "" = this was the last. Whatever host the page names, it is asked from the
// endpoint: a mirror may pass the hub's own address on.
func (c *client) follow(from string, links []string) (string, error) {
	target := next(strings.Join(links, ","))
	if target == "" {
		return "", nil
	}
	base, err := url.Parse(from)
	if err != nil {
		return "", err
	}
	page, err := base.Parse(target)
	if err != nil {
		return "", fmt.Errorf("next page of the listing: %w", err)
	}
	path := page.EscapedPath()
	if below := strings.TrimRight(c.origin.EscapedPath(), "/"); page.Host == c.origin.Host {
		path = strings.TrimPrefix(path, below)
	}
	return c.site.Endpoint + path + "?" + page.RawQuery, nil
}

// next is the target whose relation is "next" (RFC 8288, 3): <target>; rel="prev next"; title="a, b", <target>; rel=last.
func next(header string) string {
	for {
		_, rest, ok := strings.Cut(header, "<")
		target, params, closed := strings.Cut(rest, ">")
		if !ok || !closed {
			return ""
		}
		var param string
		for more := true; more; {
			var end byte
			param, params, end = cutParam(params)
			name, value, _ := strings.Cut(param, "=")
			relations := strings.Fields(strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`)))
			if strings.EqualFold(strings.TrimSpace(name), "rel") && slices.Contains(relations, "next") {
				return target
			}
			more = end == ';'
		}
		header = params
	}
}

// cutParam cuts behind the first ; or , that stands in no quotes; end is that one, or 0 at the end.
func cutParam(s string) (param, rest string, end byte) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case !quoted && (s[i] == ';' || s[i] == ','):
			return s[:i], s[i+1:], s[i]
		}
	}
	return s, "", 0
}
