package plugin

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// match finds which wheel of the set a file is, whatever it is called: the digest says so.
func (s Set) match(path string) (Wheel, error) {
	got := digest(path)
	if got == "" {
		_, err := os.Stat(path)
		return Wheel{}, errors.Join(fmt.Errorf("cannot read wheel %s", path), err)
	}
	var names []string
	for _, w := range s.Wheels {
		if got == w.SHA256 {
			return w, nil
		}
		if filepath.Base(path) == w.File {
			return Wheel{}, fmt.Errorf("wheel %s has sha256 %s, want %s", path, got, w.SHA256)
		}
		names = append(names, w.File)
	}
	return Wheel{}, fmt.Errorf("wheel %s (sha256 %s) is none of %s", path, got, strings.Join(names, ", "))
}

// digest is the SHA-256 of a file, "" where it cannot be read.
func digest(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// unzip unpacks a wheel but for what only compilers of C read.
func unzip(ctx context.Context, wheel, dir string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") || strings.Contains(f.Name, "/include/") || path.Ext(f.Name) == ".a" {
			continue
		}
		if !filepath.IsLocal(f.Name) {
			return fmt.Errorf("it holds %q, which lies outside of it", f.Name)
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := unzipFile(f, filepath.Join(dir, filepath.FromSlash(f.Name))); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func unzipFile(f *zip.File, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	mode := os.FileMode(0o644)
	if f.Mode()&0o111 != 0 || path.Base(path.Dir(f.Name)) == "bin" { // ptxas and nvlink are run
		mode = 0o755
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
