package dagu

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"fettle/internal/disk"
)

// npmPackage is a prebuilt Dagu with its web page.
type npmPackage struct {
	name      string
	integrity string // sha512 of the package, as npm writes it
	binary    string // sha256 of the program in it
	size      string // for people
}

// packages by GOOS/GOARCH; other systems build from source.
var packages = map[string]npmPackage{
	"linux/amd64": {
		name:      "@dagu-org/dagu-linux-x64@" + Version,
		integrity: "sha512-ZEJPlVqvf0TbEymoSuDj5CV/T5hYrCwaD6zGy/O24oKTl0FFsGwCx2OW20D7D/Ck9ik3f0sZPut/O8TDCKSkfQ==",
		binary:    "3eb94cd06c8dfdf5591f209834ded1f3549a3d764e89baceb2b34b1f62f03018",
		size:      "18 MB",
	},
}

// Install gets Dagu into the project's .dagu: as an npm package where npm is there, else built by Go from tools/go.mod
// (without the web page). say tells people what happens.
func Install(ctx context.Context, root string, say func(format string, args ...any)) (*Program, error) {
	bin := filepath.Join(Home(root), "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return nil, fmt.Errorf("install Dagu: %w", err)
	}
	final := filepath.Join(bin, "dagu")
	err := errors.New("no package for " + runtime.GOOS + "/" + runtime.GOARCH)
	if p, ok := packages[runtime.GOOS+"/"+runtime.GOARCH]; ok {
		say("gets Dagu %s with npm (%s)", Version, p.size)
		if err = p.install(ctx, bin, final); err == nil {
			return Find(root)
		}
	}
	say("no prebuilt Dagu: %v", err)
	say("builds Dagu %s from source with Go: about 2 minutes and 60 MB of modules the first time; it has no web page", sourceVersion)
	if err := build(ctx, root, bin, final); err != nil {
		return nil, fmt.Errorf("install Dagu: %w", err)
	}
	return Find(root)
}

func (p npmPackage) install(ctx context.Context, bin, final string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(bin, ".npm-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, npm, "pack", "--silent", p.name)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm pack %s: %w: %s", p.name, err, lastLine(out))
	}
	found := disk.Glob(dir, "*.tgz")
	if len(found) != 1 {
		return fmt.Errorf("npm pack %s left %d packages", p.name, len(found))
	}
	return p.unpack(found[0], filepath.Join(dir, "dagu"), final)
}

// unpack checks the package and the program in it before anything of it can run.
func (p npmPackage) unpack(archive, tmp, final string) error {
	raw, err := os.ReadFile(archive)
	if err != nil {
		return err
	}
	sum := sha512.Sum512(raw)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != p.integrity {
		return fmt.Errorf("%s has integrity %s, want %s", p.name, got, p.integrity)
	}
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err != nil {
			return fmt.Errorf("%s holds no package/bin/dagu: %w", p.name, err)
		}
		if h.Name == "package/bin/dagu" {
			return p.take(t, tmp, final)
		}
	}
}

func (p npmPackage) take(r io.Reader, tmp, final string) error {
	out, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, h), r)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != p.binary {
		return fmt.Errorf("the program in %s has sha256 %s, want %s", p.name, got, p.binary)
	}
	return os.Rename(tmp, final)
}

// build makes the program from the module that tools/go.mod pins.
func build(ctx context.Context, root, bin, final string) error {
	tools := filepath.Join(root, "tools")
	if _, err := os.Stat(filepath.Join(tools, "go.mod")); err != nil {
		return fmt.Errorf("this project has no tools/go.mod to build it from: put a Dagu %sx on PATH", series)
	}
	gobin, err := exec.LookPath("go")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(bin, ".go-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tmp := filepath.Join(dir, "dagu")
	cmd := exec.CommandContext(ctx, gobin, "build", "-C", tools, "-o", tmp, "-ldflags", "-s -w -X main.version="+sourceVersion, "github.com/dagu-org/dagu/cmd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOEXPERIMENT=")
	if t := os.Getenv("GOTOOLCHAIN"); t == "" || t == "local" {
		cmd.Env = append(cmd.Env, "GOTOOLCHAIN=auto") // tools/go.mod wants a newer Go than may be installed
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build Dagu: %w: %s", err, lastLine(out))
	}
	return os.Rename(tmp, final)
}

func lastLine(out []byte) string {
	end := len(out)
	for end > 0 && (out[end-1] == '\n' || out[end-1] == '\r') {
		end--
	}
	start := end
	for start > 0 && out[start-1] != '\n' {
		start--
	}
	return string(out[start:end])
}
