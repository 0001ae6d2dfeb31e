package hub

import (
	"fmt"
	"regexp"
	"strings"
)

// Source names a model on a hub.
type Source struct {
	Hub      string // hf or modelscope
	Repo     string // owner/name
	Revision string // branch, tag or commit; "" = the hub's default branch
}

// Repository names as both hubs allow them; ".." and "--" are not (the hub's cache uses "--" for "/").
var repoName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*/[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// ParseSource reads hf:owner/name[@rev] or modelscope:owner/name[@rev].
func ParseSource(s string) (Source, error) {
	hub, rest, ok := strings.Cut(s, ":")
	if !ok || hub != "hf" && hub != "modelscope" {
		return Source{}, fmt.Errorf("source %q: want hf:owner/name[@rev] or modelscope:owner/name[@rev]", s)
	}
	repo, rev, at := strings.Cut(rest, "@")
	if !repoName.MatchString(repo) || strings.Contains(repo, "..") || strings.Contains(repo, "--") {
		return Source{}, fmt.Errorf("source %q: %q is no owner/name", s, repo)
	}
	if at && (rev == "" || strings.ContainsAny(rev, " ~^:?*[\\") || strings.Contains(rev, "..") || strings.HasPrefix(rev, "/") || strings.HasPrefix(rev, "-")) {
		return Source{}, fmt.Errorf("source %q: %q is no branch, tag or commit", s, rev)
	}
	return Source{Hub: hub, Repo: repo, Revision: rev}, nil
}

// name is the source at any revision.
func (s Source) name() string { return s.Hub + ":" + s.Repo }

// String is what ParseSource reads.
func (s Source) String() string {
	if s.Revision == "" {
		return s.name()
	}
	return s.name() + "@" + s.Revision
}

var fullCommit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Hint says how what a setting names comes to this machine, if it is no path but a place elsewhere; "" = it is neither.
func Hint(value string, model bool) string {
	if s, err := ParseSource(value); err == nil {
		return fmt.Sprintf(": `fettle pull %s` brings it to models/%s, which is the path then", s, s.Repo)
	}
	if strings.Contains(value, "://") {
		return ": a setting names files on this machine, so bring it here first"
	}
	if s, err := ParseSource("hf:" + value); model && err == nil {
		return fmt.Sprintf(": if it is a model of a hub, `fettle pull %s` brings it to models/%s, which is the path then", s, s.Repo)
	}
	return ""
}
