package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// download brings one file to path and returns its sha256. counted hears of bytes as they come, and of bytes thrown away (< 0).
func (c *client) download(ctx context.Context, address, commit string, f File, path string, counted func(n int64)) (string, error) {
	begun := min(partSize(path), f.Size) // counted already
	p, err := openPart(path+partSuffix, f)
	if p != nil {
		defer p.file.Close()
	}
	if err != nil {
		return "", err
	}
	counted(p.size - begun)
	for wrong := 0; ; wrong++ {
		if err := c.fill(ctx, p, address, commit, counted); err != nil {
			return "", err
		}
		sum, err := p.sums.check()
		if err == nil {
			return sum, p.finish(path)
		}
		counted(-p.size)
		if err := p.reset(); err != nil {
			return "", err
		}
		if wrong == 1 { // once may be a beginning that had gone bad on the disk
			return "", fmt.Errorf("%s came with wrong bytes twice: %w", f.Path, err)
		}
		c.say("%s: wrong bytes: %v; once more from its beginning", f.Path, err)
	}
}

// fill asks until the part has all its bytes.
func (c *client) fill(ctx context.Context, p *part, address, commit string, counted func(int64)) error {
	if p.size == p.sums.of.Size {
		return nil
	}
	var most int64 // what came before and was thrown away since is nothing new
	err := c.retry(ctx, p.sums.of.Path, func(ctx context.Context) (bool, error) {
		most = max(most, p.size)
		err := c.watched(ctx, func(ctx context.Context, alive func()) error {
			return c.more(ctx, p, address, commit, func(n int64) { alive(); counted(n) })
		})
		return p.size > most, err
	})
	if err != nil {
		return fmt.Errorf("bring %s: %w", p.sums.of.Path, err)
	}
	return nil
}

// more is one request: the rest of the file.
func (c *client) more(ctx context.Context, p *part, address, commit string, counted func(int64)) error {
	r, err := c.get(ctx, address, p.ask())
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if err := c.same(r, p.sums.of, commit); err != nil {
		return err
	}
	restart := func(why string) error {
		counted(-p.size)
		return errors.Join(p.reset(), passing{err: errors.New(why)})
	}
	if r.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return restart("the range is refused (416): from the beginning")
	}
	if err := c.status(r, true); err != nil {
		return err
	}
	if why := p.begins(r.Response); why != "" {
		return restart(why)
	}
	if r.StatusCode != http.StatusPartialContent && p.size > 0 { // the file behind it changed, or the server knows no ranges
		counted(-p.size)
		if err := p.reset(); err != nil {
			return err
		}
	}
	if p.size == 0 {
		if err := p.begin(r.Header.Get("ETag")); err != nil {
			return err
		}
	}
	return c.pour(r.Body, p, counted)
}

// ask says what is there already. If-Range takes strong validators only (RFC 9110, 13.1.5).
func (p *part) ask() http.Header {
	h := http.Header{"Accept-Encoding": {"identity"}} // compressed on the way, offsets would mean nothing
	if p.size > 0 {
		h.Set("Range", fmt.Sprintf("bytes=%d-", p.size))
		if strings.HasPrefix(p.note.ETag, `"`) {
			h.Set("If-Range", p.note.ETag)
		}
	}
	return h
}

// same: the hub must answer for the commit and the content that its listing named.
func (c *client) same(r *reply, f File, commit string) error {
	if fullCommit.MatchString(r.commit) && !strings.HasPrefix(r.commit, commit) {
		return fmt.Errorf("%s: asked at commit %s, the hub answers at %s", f.Path, commit, r.commit)
	}
	if f.SHA256 != "" && hexSHA256.MatchString(r.linked) && r.linked != f.SHA256 {
		return fmt.Errorf("%s: the hub lists sha256 %s and sends %s", f.Path, f.SHA256, r.linked)
	}
	return nil
}

// begins says why an answer is no continuation of the part, or "".
func (p *part) begins(r *http.Response) string {
	f := p.sums.of
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return fmt.Sprintf("the answer is compressed (%q)", e)
	}
	if r.StatusCode != http.StatusPartialContent {
		if r.ContentLength >= 0 && r.ContentLength != f.Size {
			return fmt.Sprintf("%d bytes are announced, the hub lists %d", r.ContentLength, f.Size)
		}
		return ""
	}
	if was, is := p.note.ETag, r.Header.Get("ETag"); was != is && was != "" && is != "" {
		return "its ETag changed since its beginning came: from the beginning"
	}
	var from, to, total int64
	// "bytes FROM-TO/*" leaves the total open; the digest decides then.
	span := strings.Replace(r.Header.Get("Content-Range"), "/*", fmt.Sprintf("/%d", f.Size), 1)
	if _, err := fmt.Sscanf(span, "bytes %d-%d/%d", &from, &to, &total); err != nil || from != p.size || total != f.Size {
		return fmt.Sprintf("asked from byte %d of %d, the answer says %q", p.size, f.Size, r.Header.Get("Content-Range"))
	}
	return ""
}

// pour copies the body.
func (c *client) pour(body io.Reader, p *part, counted func(int64)) error {
	f := p.sums.of
	buf := make([]byte, 256<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if p.size+int64(n) > f.Size {
				counted(-p.size)
				return errors.Join(p.reset(), passing{err: fmt.Errorf("more bytes come than the hub lists (%d)", f.Size)})
			}
			if _, err := p.Write(buf[:n]); err != nil {
				return err
			}
			counted(int64(n))
		}
		switch {
		case err == io.EOF && p.size == f.Size:
			return nil
		case err == io.EOF:
			return passing{err: fmt.Errorf("the connection ended at byte %d of %d", p.size, f.Size)}
		case err != nil:
			return passing{err: fmt.Errorf("the connection broke at byte %d of %d: %w", p.size, f.Size, err)}
		}
	}
}
