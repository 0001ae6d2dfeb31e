package dagu

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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
}

// Setup makes the project's .dagu ready: a configuration with generated credentials where there is none yet, and the
// environment of the steps, since Dagu hides the shell's own variables from them. Only the user can read either.
func (p *Program) Setup(env map[string]string) (Login, error) {
	if err := os.MkdirAll(filepath.Join(Home(p.root), "env"), 0o700); err != nil {
		return Login{}, fmt.Errorf("set up Dagu: %w", err)
	}
	login, err := p.login()
	if err != nil {
		return Login{}, fmt.Errorf("set up Dagu: %w", err)
	}
	raw, err := baseYAML(env)
	if err != nil {
		return Login{}, fmt.Errorf("set up Dagu: %w", err)
	}
	// Named by its content: runs with different environments can go on side by side.
	sum := sha256.Sum256(raw)
	p.base = filepath.Join(Home(p.root), "env", hex.EncodeToString(sum[:8])+".yaml")
	if err := writeSecret(p.base, raw); err != nil {
		return Login{}, fmt.Errorf("set up Dagu: %w", err)
	}
	return login, nil
}

func (p *Program) configPath() string { return filepath.Join(Home(p.root), "config.yaml") }

// login reads the configuration, or writes the first one. One that is there is the user's to change, but for a login on
// loopback, which there must be.
func (p *Program) login() (Login, error) {
	path := p.configPath()
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p.newLogin()
	}
	if err != nil {
		return Login{}, err
	}
	var c config
	if err := yaml.Unmarshal(raw, &c); err != nil {
		return Login{}, fmt.Errorf("%s: %w", path, err)
	}
	admin := c.Auth.Builtin.Admin
	if c.Auth.Mode != "builtin" || admin.Password == "" || c.Auth.Builtin.Token.Secret == "" || !loopback(c.Host) {
		return Login{}, fmt.Errorf("%s: want auth.mode builtin with an admin's password and a token secret, and host 127.0.0.1: without them any web page can run commands (remove the file to have it written anew)", path)
	}
	return Login{User: admin.Username, Password: admin.Password, Port: c.Port}, os.Chmod(path, 0o600)
}

func (p *Program) newLogin() (Login, error) {
	var c config
	c.Host, c.SkipExamples, c.Auth.Mode = "127.0.0.1", true, "builtin"
	c.Auth.Builtin.Admin.Username, c.Auth.Builtin.Admin.Password = "admin", secret(12)
	c.Auth.Builtin.Token.Secret = secret(32)
	var err error
	if c.Port, err = freePort(); err != nil {
		return Login{}, err
	}
	raw, err := yaml.Marshal(c)
	if err != nil {
		return Login{}, err
	}
	return Login{User: "admin", Password: c.Auth.Builtin.Admin.Password, Port: c.Port}, writeSecret(p.configPath(), raw)
}

func loopback(host string) bool { return host == "127.0.0.1" || host == "localhost" || host == "::1" }

// writeSecret replaces a file that only the user may read.
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
func baseYAML(env map[string]string) ([]byte, error) {
	var b strings.Builder
	b.WriteString("# Written by fettle: the environment of every step.\n")
	for i, name := range slices.Sorted(maps.Keys(env)) {
		if strings.ContainsAny(env[name], "`$") {
			return nil, fmt.Errorf("%s=%q: Dagu takes values as shell code, so they must be free of ` and $", name, env[name])
		}
		if i == 0 {
			b.WriteString("env:\n")
		}
		value, err := json.Marshal(env[name]) // JSON is YAML
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "  - %s: %s\n", name, value)
	}
	return []byte(b.String()), nil
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
