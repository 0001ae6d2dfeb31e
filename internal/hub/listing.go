package hub

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// Listing is a repository at one commit.
type Listing struct {
	Commit  string
	License string // as the hub says it; "" = it does not
	Files   []File
}

// remote is a hub's way to speak.
type remote interface {
	// list resolves the revision to a commit and lists the files there: all of them or, where that is more than the hub can say
	// at once, those at the top and those that the globs reach.
	list(ctx context.Context, c *client, s Source, globs []string) (*Listing, error)
	// address of a file at a commit.
	address(s Source, commit, path string) string
}

func remoteOf(s Source, e Env) (remote, Site) {
	if s.Hub == "modelscope" {
		return modelScope{e.ModelScope.Endpoint}, e.ModelScope
	}
	return huggingFace{e.HuggingFace.Endpoint}, e.HuggingFace
}

var (
	hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)
	hexSHA1   = fullCommit
)

// checkListed refuses a file without a digest, as nothing could tell its right bytes from wrong ones, and a size that is none.
func checkListed(f File, most int64) error {
	switch {
	case f.SHA256 != "" && hexSHA256.MatchString(f.SHA256), f.SHA256 == "" && hexSHA1.MatchString(f.Git):
	default:
		return fmt.Errorf("the hub lists no digest for %s: it cannot be checked", f.Path)
	}
	if f.Size < 0 || f.Size > most {
		return fmt.Errorf("the hub lists %d bytes for %s", f.Size, f.Path)
	}
	return nil
}

// escapePath keeps the slashes of a path.
func escapePath(p string) string {
	parts := strings.Split(p, "/")
	for i, s := range parts {
		parts[i] = url.PathEscape(s)
	}
	return strings.Join(parts, "/")
}
