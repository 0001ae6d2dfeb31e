package ingest

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"fettle/internal/lfs"

	"github.com/klauspost/compress/zstd"
)

// entry is one file of a folder or archive, read whole.
type entry struct {
	name string // inside the source, with /
	text []byte
	bad  *Fault // instead of text
}

const (
	maxEntry = 64 << 20 // bytes of one file: documents are smaller, bombs are not
	maxTotal = 16 << 30 // bytes unpacked from one archive
)

// entries yields the files that want accepts: of a folder in lexical order, of an archive in its own.
func entries(root string, want func(name string) bool) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		info, err := os.Stat(root)
		if err != nil {
			yield(entry{}, err)
			return
		}
		if err := lfs.CheckFile(root); err != nil {
			yield(entry{}, fmt.Errorf("open %s: %w", root, err))
			return
		}
		yield = once(yield)
		switch lower := strings.ToLower(root); {
		case info.IsDir():
			err = walkFolder(root, want, yield)
		case strings.HasSuffix(lower, ".zip"):
			err = walkZip(root, want, yield)
		case isTar(lower):
			err = walkTar(root, want, yield)
		default:
			err = walkFile(root, want, yield)
		}
		if err != nil && err != errStopped {
			yield(entry{}, err)
		}
	}
}

// once rejects an entry whose name stood in the archive before: its rows would have the ids of the first one's.
func once(yield func(entry, error) bool) func(entry, error) bool {
	seen := map[string]bool{}
	return func(e entry, err error) bool {
		if err == nil && e.bad == nil {
			e.name = path.Clean(e.name)
			if seen[e.name] {
				e = entry{name: e.name, bad: &Fault{File: e.name, Reason: "duplicate_name", Detail: "an entry of this name stood in the archive before"}}
			}
			seen[e.name] = true
		}
		return yield(e, err)
	}
}

var errStopped = errors.New("the reader of entries has stopped")

func isTar(lower string) bool {
	for _, suffix := range []string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.bz2"} {
		if strings.HasSuffix(lower, suffix) {
			return true
		}
	}
	return false
}

func walkFolder(root string, want func(string) bool, yield func(entry, error) bool) error {
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil || d.IsDir() {
			return err
		}
		rel = filepath.ToSlash(rel)
		if !want(rel) {
			return nil
		}
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) && d.Type()&fs.ModeSymlink != 0 {
			return nil // a link to nothing, as editors leave them
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		return emit(rel, f, yield)
	})
}

func walkFile(name string, want func(string) bool, yield func(entry, error) bool) error {
	if !want(filepath.Base(name)) {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return emit(filepath.Base(name), f, yield)
}

func walkZip(name string, want func(string) bool, yield func(entry, error) bool) error {
	z, err := zip.OpenReader(name)
	if err != nil {
		return fmt.Errorf("open archive %s: %w (truncated or no zip file)", name, err)
	}
	defer z.Close()
	left := int64(maxTotal)
	for _, f := range z.File {
		if f.FileInfo().IsDir() || !want(f.Name) {
			continue
		}
		if !safe(f.Name) {
			if !yield(entry{name: f.Name, bad: unsafe(f.Name)}, nil) {
				return errStopped
			}
			continue
		}
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("read archive %s: %s: %w", name, f.Name, err)
		}
		counted := &io.LimitedReader{R: r, N: left}
		err = emit(f.Name, counted, yield)
		r.Close()
		if err != nil {
			return wrapArchive(name, err)
		}
		if left = counted.N; left == 0 {
			return fmt.Errorf("read archive %s: more than %d GiB unpacked", name, maxTotal>>30)
		}
	}
	return nil
}

func walkTar(name string, want func(string) bool, yield func(entry, error) bool) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	plain, err := decompress(strings.ToLower(name), bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return fmt.Errorf("open archive %s: %w (truncated or not what its name says)", name, err)
	}
	end := &zeros{Reader: plain}
	t := tar.NewReader(io.LimitReader(end, maxTotal))
	for files := 0; ; files++ {
		h, err := t.Next()
		if err == io.EOF {
			// Read on to the end of the stream: a checksum that does not match shows only there.
			if _, err := io.Copy(io.Discard, end); err != nil {
				return fmt.Errorf("read archive %s: after %d entries: %w (truncated or damaged)", name, files, err)
			}
			if end.last < tarBlock {
				return fmt.Errorf("read archive %s: after %d entries: no mark of the end (truncated)", name, files)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("read archive %s: after %d entries: %w (truncated or damaged)", name, files, err)
		}
		if h.Typeflag != tar.TypeReg || !want(h.Name) {
			continue
		}
		if !safe(h.Name) {
			if !yield(entry{name: h.Name, bad: unsafe(h.Name)}, nil) {
				return errStopped
			}
			continue
		}
		if err := emit(h.Name, t, yield); err != nil {
			return wrapArchive(name, err)
		}
	}
}

// tarBlock is the size of a tar's blocks; the end is marked by blocks of zeros. Without looking for them an archive that was
// cut between two files would pass as a whole one.
const tarBlock = 512

// zeros counts the zero bytes that what was read ends with.
type zeros struct {
	io.Reader
	last int64
}

func (z *zeros) Read(p []byte) (int, error) {
	n, err := z.Reader.Read(p)
	rest := len(bytes.TrimRight(p[:n], "\x00"))
	if rest > 0 {
		z.last = 0
	}
	z.last += int64(n - rest)
	return n, err
}

func wrapArchive(name string, err error) error {
	if err == errStopped {
		return err
	}
	return fmt.Errorf("read archive %s: %w (truncated or damaged)", name, err)
}

func decompress(lower string, r io.Reader) (io.Reader, error) {
	switch {
	case strings.HasSuffix(lower, "gz"):
		return gzip.NewReader(r)
	case strings.HasSuffix(lower, ".zst"):
		return zstd.NewReader(r, zstd.WithDecoderMaxMemory(1<<30))
	case strings.HasSuffix(lower, ".bz2"):
		return bzip2.NewReader(r), nil
	}
	return r, nil
}

func emit(name string, r io.Reader, yield func(entry, error) bool) error {
	text, err := io.ReadAll(io.LimitReader(r, maxEntry+1))
	if err == nil {
		err = lfs.Check(text)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	e := entry{name: name, text: text}
	if len(text) > maxEntry {
		e = entry{name: name, bad: &Fault{File: name, Reason: "file_too_large", Detail: fmt.Sprintf("more than %d MiB: a document is smaller", maxEntry>>20)}}
	}
	if !yield(e, nil) {
		return errStopped
	}
	return nil
}

// safe says whether a name stays inside the archive's own tree.
func safe(name string) bool {
	return name != "" && !path.IsAbs(name) && !strings.ContainsAny(name, "\\\x00") && path.Clean("/"+name) == "/"+strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/")
}

func unsafe(name string) *Fault {
	return &Fault{File: path.Base(name), Reason: "unsafe_name", Detail: fmt.Sprintf("entry %q points outside the archive", name), Raw: name}
}
