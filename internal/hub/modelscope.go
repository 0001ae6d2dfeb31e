package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// modelScope speaks the /api/v1 of modelscope.cn.
type modelScope struct{ endpoint string }

func (m modelScope) address(s Source, commit, path string) string {
	q := url.Values{"Revision": {commit}, "FilePath": {path}}
	return m.endpoint + "/api/v1/models/" + s.Repo + "/repo?" + q.Encode()
}

// list asks for the branch, learns the commit from the answer, and asks once more at the commit: the branch may move meanwhile.
func (m modelScope) list(ctx context.Context, c *client, s Source) (*Listing, error) {
	commit := s.Revision
	if !fullCommit.MatchString(commit) {
		head, err := m.files(ctx, c, s, first(s.Revision, "master"))
		if err != nil {
			return nil, err
		}
		if commit = head.commit(); commit == "" {
			return nil, fmt.Errorf("the hub names no commit for %s", s)
		}
	}
	at, err := m.files(ctx, c, s, commit)
	if err != nil {
		return nil, err
	}
	if short := at.Latest.ShortID; short != "" && !strings.HasPrefix(commit, short) {
		return nil, fmt.Errorf("asked for commit %s, the hub answers with %s", commit, short)
	}
	l := &Listing{Commit: commit}
	for _, f := range at.Files {
		if f.Type != "tree" {
			l.Files = append(l.Files, File{Path: f.Path, Size: f.Size, SHA256: strings.ToLower(f.SHA256)})
		}
	}
	var info struct{ License string }
	if err := m.get(ctx, c, "/api/v1/models/"+s.Repo, &info); err != nil {
		return nil, err
	}
	l.License = info.License
	return l, nil
}

// tree is the answer to /repo/files.
type tree struct {
	Files []struct {
		Path     string
		Type     string
		Size     int64
		SHA256   string `json:"Sha256"`
		Revision string // the commit that last changed the file
	}
	Latest struct {
		ID      string `json:"Id"`
		ShortID string `json:"ShortId"`
	} `json:"LatestCommitter"`
}

// commit is the head of the branch. The answer has its first 8 digits; a file that this commit changed has all 40.
func (t tree) commit() string {
	if fullCommit.MatchString(t.Latest.ID) {
		return t.Latest.ID
	}
	if t.Latest.ShortID == "" {
		return ""
	}
	for _, f := range t.Files {
		if fullCommit.MatchString(f.Revision) && strings.HasPrefix(f.Revision, t.Latest.ShortID) {
			return f.Revision
		}
	}
	return t.Latest.ShortID
}

func (m modelScope) files(ctx context.Context, c *client, s Source, revision string) (t tree, err error) {
	q := url.Values{"Revision": {revision}, "Recursive": {"True"}}
	return t, m.get(ctx, c, "/api/v1/models/"+s.Repo+"/repo/files?"+q.Encode(), &t)
}

// get unwraps {"Code": 200, "Success": true, "Message": ..., "Data": ...}.
func (m modelScope) get(ctx context.Context, c *client, path string, data any) error {
	var envelope struct {
		Code    int
		Message string
		Data    json.RawMessage
	}
	if _, err := c.json(ctx, m.endpoint+path, &envelope); err != nil {
		return err
	}
	if envelope.Code != 200 {
		return c.refused(envelope.Code, "", envelope.Message)
	}
	if err := json.Unmarshal(envelope.Data, data); err != nil {
		return fmt.Errorf("read the hub's answer: %w", err)
	}
	return nil
}
