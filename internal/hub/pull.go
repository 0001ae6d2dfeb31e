package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"fettle/internal/lfs"
	"fettle/internal/progress"
)

// Options of a pull.
type Options struct {
	To       string             // the directory made
	Include  []string           // globs of the files to bring; none = what a model needs
	Parallel int                // files at a time; 0 = 4
	Progress *progress.Reporter // nil = silent
}

// puller is one pull under way.
type puller struct {
	*client
	remote  remote
	options Options
	offline bool
	place   *place
	listing *Listing
	task    *progress.Task
}

// Pull brings a model directory, or finds that it is there already.
func Pull(ctx context.Context, s Source, e Env, o Options) (*Record, error) {
	remote, site := remoteOf(s, e)
	c, err := newClient(s, site, e, o.Progress.Say)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(o.To)), 0o755); err != nil {
		return nil, err
	}
	p := &puller{client: c, remote: remote, options: o, offline: e.Offline}
	if p.place, err = openPlace(o.To, s); err != nil {
		return nil, err
	}
	defer p.place.close()
	if e.Offline {
		if r := p.alreadyOffline(); r != nil {
			return r, nil
		}
	}
	files, err := p.list(ctx)
	if err != nil {
		return nil, err
	}
	if r, err := ReadRecord(p.place.dir); err == nil && r.fits(s, p.listing.Commit, files) && len(r.Verify(p.place.dir)) == 0 {
		c.say("%s is there already, whole: %s", p.place.dir, r.Commit)
		return r, nil
	}
	return p.bring(ctx, files)
}

// list asks the hub, or offline its client's cache, and chooses.
func (p *puller) list(ctx context.Context) ([]File, error) {
	var err error
	if p.offline {
		err = p.listOffline()
	} else {
		p.listing, err = p.remote.list(ctx, p.client, p.source, globsOf(p.options.Include))
	}
	if err != nil {
		return nil, err
	}
	files, err := choose(p.listing.Files, p.options.Include)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.source, err)
	}
	var total int64
	for _, f := range files {
		if err := checkListed(f, math.MaxInt64-total); err != nil {
			return nil, fmt.Errorf("%s: %w", p.source, err)
		}
		total += f.Size
	}
	return files, nil
}

func (p *puller) bring(ctx context.Context, files []File) (*Record, error) {
	r := &Record{Source: p.source.name(), Revision: p.source.Revision, Commit: p.listing.Commit,
		License: plain(p.listing.License), Include: p.options.Include, Files: make([]RecordFile, len(files))}
	for i, f := range files {
		r.Files[i] = RecordFile{Path: f.Path, Size: f.Size, Git: f.Git}
	}
	p.say("%s is commit %s; %s; %d files, %s bytes", p.source, r.Commit, r.LicenseLine(), len(files), progress.Count(r.Bytes()))
	if p.site.Token != "" && !p.offline {
		p.say("token from %s, for %s", p.site.TokenFrom, p.origin.Host)
	}
	p.task = p.options.Progress.Task("bytes", r.Bytes(), "bytes")
	defer p.task.Done()
	missing, err := p.reuse(ctx, r, files)
	if err != nil {
		return nil, err
	}
	if err := p.wholeIndex(files); err != nil {
		return nil, err
	}
	if err := p.download(ctx, r, files, missing); err != nil {
		return nil, err
	}
	for _, f := range files { // a mirror made without Git LFS lists pointers, with digests that are right
		if err := lfs.CheckFile(p.local(f)); err != nil {
			return nil, fmt.Errorf("%s: %s lists and sends %s, but %w", p.source, p.origin.Host, f.Path, errors.Join(err, os.Remove(p.local(f))))
		}
	}
	return r, p.place.commit(r)
}

// reuse takes what this machine has already, each file checked; it returns the numbers of those to bring.
func (p *puller) reuse(ctx context.Context, r *Record, files []File) (missing []int, err error) {
	var have, left int64
	for i, f := range files {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if r.Files[i].SHA256, err = p.find(f); err != nil {
			return nil, err
		}
		if r.Files[i].SHA256 == "" {
			begun := min(partSize(p.local(f)), f.Size)
			missing, left, have = append(missing, i), left+f.Size-begun, have+begun
			continue
		}
		have += f.Size
	}
	p.task.Resume(have)
	if len(missing) > 0 && p.offline {
		return nil, p.missingOffline(files, missing)
	}
	return missing, p.place.room(left)
}

func (p *puller) local(f File) string { return filepath.Join(p.place.work, filepath.FromSlash(f.Path)) }

// find looks in the work folder, in the directory that is replaced, and in the cache of the hub's client. "" = nowhere.
func (p *puller) find(f File) (sum string, err error) {
	if sum, err := verify(p.local(f), f); err == nil {
		return sum, nil
	}
	places := append([]string{filepath.Join(p.place.dir, filepath.FromSlash(f.Path))}, cached(p.site, p.source, p.listing.Commit, f)...)
	for i, from := range places {
		if info, err := os.Stat(from); err != nil || !info.Mode().IsRegular() {
			continue
		}
		sum, err := p.take(from, f)
		if err == nil {
			return sum, nil
		}
		if i > 0 { // another revision in the directory itself is no damage
			p.say("%s is not taken: %v", from, err)
		}
	}
	return "", nil
}

// take copies a file into the work folder if its digest is right.
func (p *puller) take(from string, f File) (string, error) {
	to := p.local(f)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return "", err
	}
	out, err := os.Create(to + partSuffix + copySuffix)
	if err != nil {
		return "", err
	}
	sum, err := copyVerified(out, from, f)
	if err = errors.Join(err, out.Close()); err != nil {
		os.Remove(out.Name())
		return "", err
	}
	return sum, os.Rename(out.Name(), to)
}

// download brings the missing files, the index of the weights and then small ones first: they show early whether all is well.
func (p *puller) download(ctx context.Context, r *Record, files []File, missing []int) error {
	weight := func(i int) int64 {
		if files[i].Path == indexName {
			return -1
		}
		return files[i].Size
	}
	slices.SortStableFunc(missing, func(a, b int) int { return cmp.Compare(weight(a), weight(b)) })
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	parallel := p.options.Parallel
	if parallel <= 0 {
		parallel = 4
	}
	turns := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for _, i := range missing {
		turns <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-turns }()
			f := files[i]
			sum, err := p.client.download(ctx, p.remote.address(p.source, r.Commit, f.Path), r.Commit, f, p.local(f),
				func(n int64) { p.task.AddText(n, f.Path) })
			if err == nil && f.Path == indexName {
				err = p.wholeIndex(files)
			}
			if err != nil {
				stop(err) // the first fault ends the others; what they have stays for the next try
				return
			}
			r.Files[i].SHA256 = sum
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// wholeIndex refuses a listing that lacks a shard, as soon as the index is here.
func (p *puller) wholeIndex(files []File) error {
	index := slices.IndexFunc(files, func(f File) bool { return f.Path == indexName })
	if index < 0 || len(p.options.Include) > 0 {
		return nil
	}
	raw, err := os.ReadFile(p.local(files[index]))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it comes
	}
	if err != nil {
		return err
	}
	missing, err := missingShards(raw, files)
	if err != nil || len(missing) == 0 {
		return err
	}
	holder := "the repository does not hold"
	switch {
	case p.offline:
		holder = "the cache (offline: HF_HUB_OFFLINE) does not hold"
	case slices.ContainsFunc(p.listing.Files, func(f File) bool { return f.Path == missing[0] }):
		holder = "a pull does not bring by itself: -include GLOB names all that it should"
	}
	return fmt.Errorf("%s: %s names %s, which %s", p.source, indexName, strings.Join(missing, ", "), holder)
}
