package cli

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"fettle/internal/backend"
	"fettle/internal/serve"
)

func (a *App) serve(ctx context.Context, args []string) int {
	fs := a.flags("serve", `-model DIR [-adapter [NAME=]DIR[@STRENGTH]]... [-listen 127.0.0.1:8080]

Answers as OpenAI's API does: /v1/chat/completions, /v1/completions, /v1/models; also /healthz, /metrics and a page to chat
on. Beyond this machine a key is needed: -key-file or FETTLE_API_KEY.`)
	source := serve.Source{}
	fs.StringVar(&source.Dir, "model", "", "model directory")
	fs.StringVar(&source.Name, "name", "", "what the model is called (default: the last part of its directory)")
	backendName := backend.Flag(fs, "what computes", backend.Auto)
	fs.Func("adapter", "adapter directory, served as NAME (default: its last part); STRENGTH multiplies what it adds (repeatable)", func(s string) error {
		adapter, err := serve.ParseAdapter(s)
		source.Adapters = append(source.Adapters, adapter)
		return err
	})
	c := serve.Config{}
	listen := fs.String("listen", "127.0.0.1:8080", "address")
	keyFile := fs.String("key-file", "", "file that holds the key")
	fs.IntVar(&c.Slots, "slots", 8, "answers computed at once")
	fs.IntVar(&c.Queue, "queue", 64, "answers that may wait; beyond it clients get 429")
	fs.IntVar(&c.MaxTokens, "max-tokens", 1024, "tokens an answer gets at most")
	fs.Int64Var(&c.MaxBody, "max-body", 1<<20, "bytes a request may have")
	fs.DurationVar(&c.Grace, "grace", 30*time.Second, "how long a shutdown waits for answers under way")
	fs.Func("origin", "origin of web pages that may ask, such as https://example.org (repeatable)", func(s string) error {
		c.Origins = append(c.Origins, s)
		return nil
	})
	now := fs.String("now", "", "the time that the chat template sees (default: that of the request)")
	rest, code, done := parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0 || source.Dir == "":
		return a.misuse(fs, "want -model DIR, and nothing else")
	case c.Slots < 1 || c.MaxTokens < 1 || c.MaxBody < 1 || c.Queue < 0:
		return a.misuse(fs, "-slots %d, -max-tokens %d, -max-body %d, -queue %d: want 1 or more, of -queue 0 or more", c.Slots, c.MaxTokens, c.MaxBody, c.Queue)
	}
	source.Backend = *backendName
	backend.Prepare(source.Backend)
	var err error
	if c.Key, err = readKey(*keyFile); err != nil {
		return a.fail("serve", err)
	}
	if err := serve.CheckListen(*listen, c.Key); err != nil {
		return a.misuse(fs, "%v", err)
	}
	say := func(format string, v ...any) {
		fmt.Fprintf(a.Stderr, "%s %s\n", time.Now().Format(time.DateTime), fmt.Sprintf(format, v...))
	}
	c.Log = say
	source.Compiling = func(program string) { say("compiling %s", program) }
	if c.Models, err = serve.Open(source); err != nil {
		return a.fail("serve", err)
	}
	defer c.Models.Close()
	if *now != "" {
		if c.Models.Language.Now, err = parseTime(*now); err != nil {
			return a.misuse(fs, "-now: %v", err)
		}
	}
	say("%s", c.Models.Backend.Why)
	return a.listen(ctx, c, *listen)
}

func (a *App) listen(ctx context.Context, c serve.Config, addr string) int {
	s, err := serve.New(c)
	if err != nil {
		fmt.Fprintf(a.Stderr, "fettle %v\n", err)
		return 2
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return a.fail("serve", err)
	}
	c.Log("%s on http://%s", strings.Join(c.Models.Names(), ", "), l.Addr())
	if err := s.Serve(ctx, l); err != nil {
		return a.fail("serve", err)
	}
	return 0 // a signal is how a server is told to end
}

// readKey takes the key from a file, else from the environment: never from the command line, which others can see.
func readKey(path string) (string, error) {
	if path == "" {
		return os.Getenv("FETTLE_API_KEY"), nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(raw))
	if key == "" {
		return "", fmt.Errorf("key file %s is empty", path)
	}
	return key, nil
}
