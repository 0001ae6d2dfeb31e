package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

const longestAnswer = 64 << 20 // bytes of JSON; a listing of 100,000 files has about 20 MB

// json asks for a document, again and again while the fault may pass. judge, if there is one, has the last word on each answer.
func (c *client) json(ctx context.Context, address string, dst any, judge func(error) error) (http.Header, error) {
	var header http.Header
	err := c.retry(ctx, "the listing", func(ctx context.Context) (bool, error) {
		return false, c.watched(ctx, func(ctx context.Context, alive func()) (err error) {
			if header, err = c.document(ctx, address, dst, alive); judge != nil {
				err = judge(err)
			}
			return err
		})
	})
	return header, err
}

func (c *client) document(ctx context.Context, address string, dst any, alive func()) (http.Header, error) {
	r, err := c.get(ctx, address, http.Header{"Accept": {"application/json"}})
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if err := c.status(r, false); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(pulse{r.Body, alive}, longestAnswer))
	if err != nil {
		return nil, passing{err: fmt.Errorf("read the hub's answer: %w", err)}
	}
	return r.Header, c.decode(raw, r, dst)
}

// decode tells a page in the hub's place, which will stay there, from an answer that was cut.
func (c *client) decode(raw []byte, r *reply, dst any) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "text/html" || bytes.HasPrefix(bytes.TrimSpace(raw), []byte("<")) {
		return fmt.Errorf("%s answers with a page (text/html) instead of JSON: something stands between, such as a login or a proxy, "+
			"or it is no hub (%s)", r.Request.URL.Host, c.words().endpoint)
	}
	err := json.Unmarshal(raw, dst)
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(raw)):
		return passing{err: fmt.Errorf("the answer of %s ends in its middle, at byte %d", r.Request.URL.Host, len(raw))}
	}
	return c.strange(r.Request.URL.Host)
}

// strange is JSON, but of something else.
func (c *client) strange(host string) error {
	return fmt.Errorf("the answer of %s is not what a hub says: is it one (%s)?", host, c.words().endpoint)
}

// pulse tells that bytes come.
type pulse struct {
	io.Reader
	alive func()
}

func (p pulse) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if n > 0 {
		p.alive()
	}
	return n, err
}
