package dagu

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Login is what the web page asks for.
type Login struct {
	User     string
	Password string
	Port     int
	New      bool // made just now: to be shown once
}

// config is Dagu's config.yaml, as far as it is ours.
type config struct {
	Host         string `yaml:"host"`
	Port         int    `yaml:"port"`
	SkipExamples bool   `yaml:"skipExamples"`
	Auth         struct {
		Mode    string `yaml:"mode"`
		Builtin struct {
			Admin struct {
				Username string `yaml:"username"`
				Password string `yaml:"password"`
			} `yaml:"admin"`
			Token struct {
				Secret string `yaml:"secret"`
			} `yaml:"token"`
		} `yaml:"builtin"`
	} `yaml:"auth"`
	Paths struct {
		DAGs string `yaml:"dagsDir"`
	} `yaml:"paths"`
}

// Setup writes Dagu's configuration for a project where there is none yet, with generated credentials that only the user can
// read, and the environment of the steps: Dagu hides the shell's own variables from them.
func (p *Program) Setup(env map[string]string) (Login, error) {
	home := Home(p.root)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return Login{}, fmt.Errorf("set up Dagu: %w", err)
	}
	login, err := p.login(filepath.Join(home, "config.yaml"))
	if err != nil {
		return Login{}, fmt.Errorf("set up Dagu: %w", err)
	}
	if err := writeSecret(filepath.Join(home, "base.yaml"), baseYAML(env)); err != nil {
		return Login{}, fmt.Errorf("set up Dagu: %w", err)
	}
	return login, nil
}

func (p *Program) login(path string) (Login, error) {
	var c config
	raw, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(raw, &c)
		if err == nil && (c.Auth.Mode != "builtin" || c.Auth.Builtin.Admin.Password == "" || !loopback(c.Host)) {
			return Login{}, fmt.Errorf("%s: auth.mode builtin with a password, and a loopback host, are missing: without them any web page can run commands (remove the file to have it written anew)", path)
		}
	}
	if err == nil {
		// The project may have been moved: the DAGs are where it is now.
		c.Paths.DAGs = filepath.Join(p.root, "pipelines")
		return Login{User: c.Auth.Builtin.Admin.Username, Password: c.Auth.Builtin.Admin.Password, Port: c.Port}, write(path, c)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return Login{}, fmt.Errorf("%s: %w", path, err)
	}
	c.Host, c.SkipExamples, c.Auth.Mode = "127.0.0.1", true, "builtin"
	c.Auth.Builtin.Admin.Username, c.Auth.Builtin.Admin.Password = "admin", secret(12)
	c.Auth.Builtin.Token.Secret = secret(32)
	c.Paths.DAGs = filepath.Join(p.root, "pipelines")
	if c.Port, err = freePort(); err != nil {
		return Login{}, err
	}
	return Login{User: "admin", Password: c.Auth.Builtin.Admin.Password, Port: c.Port, New: true}, write(path, c)
}

func loopback(host string) bool { return host == "127.0.0.1" || host == "localhost" || host == "::1" }

func write(path string, c config) error {
	raw, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return writeSecret(path, raw)
}

// writeSecret replaces a file that only the user may read, unless it is as wanted already.
func writeSecret(path string, raw []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, raw) {
		return os.Chmod(path, 0o600)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(raw)
	if err := errors.Join(err, tmp.Close()); err != nil {
		os.Remove(tmp.Name())
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// baseYAML is what every DAG inherits.
func baseYAML(env map[string]string) []byte {
	var b strings.Builder
	b.WriteString("# Written by fettle: the environment of every step.\n")
	names := make([]string, 0, len(env))
	for name := range env {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if i == 0 {
			b.WriteString("env:\n")
		}
		value, _ := json.Marshal(env[name]) // JSON is YAML
		fmt.Fprintf(&b, "  - %s: %s\n", name, value)
	}
	return []byte(b.String())
}

func secret(bytes int) string {
	raw := make([]byte, bytes)
	rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
