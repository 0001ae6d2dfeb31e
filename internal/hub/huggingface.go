package hub

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// huggingFace speaks the API of huggingface.co and its mirrors.
type huggingFace struct{ endpoint string }

func (h huggingFace) address(s Source, commit, path string) string {
	return h.endpoint + "/" + s.Repo + "/resolve/" + commit + "/" + escapePath(path)
}

func (h huggingFace) list(ctx context.Context, c *client, s Source, _ []string) (*Listing, error) {
	revision := first(s.Revision, "main")
	var info struct {
		SHA  string   `json:"sha"`
		Tags []string `json:"tags"`
		Card card     `json:"cardData"`
	}
	if _, err := c.json(ctx, h.endpoint+"/api/models/"+s.Repo+"/revision/"+url.PathEscape(revision), &info, nil); err != nil {
		return nil, err
	}
	switch {
	case !fullCommit.MatchString(info.SHA):
		return nil, fmt.Errorf("the hub names no commit for %s (%q)", s, info.SHA)
	case fullCommit.MatchString(revision) && info.SHA != revision:
		return nil, fmt.Errorf("asked for commit %s, the hub answers with %s", revision, info.SHA)
	}
	files, err := h.tree(ctx, c, s, info.SHA)
	return &Listing{Commit: info.SHA, License: info.Card.license(info.Tags), Files: files}, err
}

const mostPages = 1000 // of 1,000 entries each

// tree reads the listing page by page (RFC 8288 Link headers).
func (h huggingFace) tree(ctx context.Context, c *client, s Source, commit string) ([]File, error) {
	var files []File
	seen := map[string]bool{}
	next := h.endpoint + "/api/models/" + s.Repo + "/tree/" + commit + "?recursive=true"
	for pages := 0; next != ""; pages++ {
		switch {
		case seen[next]:
			return nil, fmt.Errorf("the listing of %s comes back to a page that it gave already", s)
		case pages == mostPages:
			return nil, fmt.Errorf("the listing of %s does not end", s)
		}
		seen[next] = true
		var entries []struct {
			Type string `json:"type"`
			Path string `json:"path"`
			OID  string `json:"oid"`
			Size int64  `json:"size"`
			LFS  *struct {
				OID  string `json:"oid"`
				Size int64  `json:"size"`
			} `json:"lfs"`
		}
		header, err := c.json(ctx, next, &entries, nil)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Type != "file" {
				continue
			}
			f := File{Path: e.Path, Size: e.Size, Git: e.OID}
			if e.LFS != nil { // the oid beside it is the pointer's
				f = File{Path: e.Path, Size: e.LFS.Size, SHA256: strings.TrimPrefix(e.LFS.OID, "sha256:")}
			}
			files = append(files, f)
		}
		if next, err = c.follow(next, header.Values("Link")); err != nil {
			return nil, err
		}
	}
	return files, nil
}
