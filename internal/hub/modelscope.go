package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// modelScope speaks the /api/v1 of modelscope.cn.
type modelScope struct{ endpoint string }

func (m modelScope) address(s Source, commit, path string) string {
	q := url.Values{"Revision": {commit}, "FilePath": {path}}
	return m.endpoint + "/api/v1/models/" + s.Repo + "/repo?" + q.Encode()
}

// list asks for the branch, learns the commit from the answer, and asks once more at the commit: the branch may move meanwhile.
func (m modelScope) list(ctx context.Context, c *client, s Source, globs []string) (*Listing, error) {
	commit := s.Revision
	if !fullCommit.MatchString(commit) {
		head, err := m.files(ctx, c, s, first(s.Revision, "master"), "", true)
		if err != nil {
			return nil, err
		}
		if commit = head.commit(); !someCommit.MatchString(commit) {
			return nil, fmt.Errorf("the hub names no commit for %s (%q)", s, commit)
		}
	}
	at, err := m.reached(ctx, c, s, commit, "", globs)
	if err != nil {
		return nil, err
	}
	if short := at.Latest.ShortID; short != "" && !strings.HasPrefix(commit, short) {
		return nil, fmt.Errorf("asked for commit %s, the hub answers with %q", commit, short)
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

var someCommit = regexp.MustCompile(`^[0-9a-f]{7,40}$`)

// mostListed is where a listing stops, without a word and without a next page (modelscope-hub, constants.py).
const mostListed = 3000

// reached lists a folder with all below it ("" = the repository). Where the hub stops short, it is asked for the folder alone and
// for each folder in it that the globs reach.
func (m modelScope) reached(ctx context.Context, c *client, s Source, commit, folder string, globs []string) (tree, error) {
	t, err := m.files(ctx, c, s, commit, folder, true)
	if err != nil || len(t.Files) < mostListed {
		return t, err
	}
	if t, err = m.files(ctx, c, s, commit, folder, false); err != nil {
		return t, err
	}
	if len(t.Files) >= mostListed {
		return t, fmt.Errorf("%s has more than %d entries in %s, and the hub lists no more: a file could lack", s, mostListed, first(folder, "its top folder"))
	}
	for _, f := range t.Files {
		below := strings.HasPrefix(f.Path, strings.TrimPrefix(folder+"/", "/"))
		if f.Type != "tree" || !below || f.Path == folder || !reaches(globs, f.Path) {
			continue
		}
		in, err := m.reached(ctx, c, s, commit, f.Path, globs)
		if err != nil {
			return t, err
		}
		t.Files = append(t.Files, in.Files...)
	}
	return t, nil
}

func (m modelScope) files(ctx context.Context, c *client, s Source, revision, folder string, below bool) (t tree, err error) {
	q := url.Values{"Revision": {revision}, "Recursive": {map[bool]string{true: "True", false: "False"}[below]}}
	if folder != "" {
		q.Set("Root", folder)
	}
	return t, m.get(ctx, c, "/api/v1/models/"+s.Repo+"/repo/files?"+q.Encode(), &t)
}

// get unwraps {"Code": 200, "Success": true, "Message": ..., "Data": ...}. Once the hub has answered, a 403 may pass: it denies
// listings now and then that it gave a moment before (modelscope-hub, _legacy_api.py: _request_repo_tree).
func (m modelScope) get(ctx context.Context, c *client, path string, data any) error {
	var envelope struct {
		Code    int
		Message string
		Data    json.RawMessage
	}
	_, err := c.json(ctx, m.endpoint+path, &envelope, func(err error) error {
		if err == nil && envelope.Code != 200 {
			err = c.refused(envelope.Code, "", envelope.Message)
		}
		var no refusal
		if errors.As(err, &no) && (no.status == 403 && c.answered || no.status == 429 || no.status/100 == 5) {
			return passing{err: err}
		}
		return err
	})
	if err != nil {
		return err
	}
	c.answered = true
	if err := json.Unmarshal(envelope.Data, data); err != nil {
		return c.strange(c.origin.Host)
	}
	return nil
}
