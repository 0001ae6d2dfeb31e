package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"fettle/internal/backend"
	"fettle/internal/chat"
	"fettle/internal/generate"
	"fettle/internal/serve"
	"fettle/internal/stage"
	"fettle/schemas"
)

func (a *App) chat(ctx context.Context, args []string) int {
	fs := a.flags("chat", `-model DIR [-adapter DIR[@STRENGTH]]

Talk to a model in the terminal. A line is a turn (one that ends in \ goes on in the next); /new begins anew, /quit ends.`)
	source := serve.Source{}
	t := talk{out: a.Stdout, sampling: generate.Sampling{RepetitionPenalty: 1}}
	fs.StringVar(&source.Dir, "model", "", "model directory")
	backendName := backend.Flag(fs, "what computes", backend.Auto)
	fs.Func("adapter", "adapter directory; STRENGTH multiplies what it adds", func(s string) error {
		adapter, err := serve.ParseAdapter("adapter=" + s)
		source.Adapters = []serve.AdapterSource{adapter}
		return err
	})
	fs.StringVar(&t.system, "system", "", "system message")
	fs.IntVar(&t.most, "max-tokens", 512, "tokens an answer gets at most")
	fs.Float64Var(&t.sampling.Temperature, "temperature", 0, "0 = always the likeliest token")
	fs.Float64Var(&t.sampling.TopP, "top-p", 0, "likeliest tokens that sum to this much (0 = all)")
	fs.IntVar(&t.sampling.TopK, "top-k", 0, "so many likeliest tokens (0 = all)")
	fs.Uint64Var(&t.sampling.Seed, "seed", rand.Uint64(), "of sampling (default: another one each time)")
	rest, code, done := parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0 || source.Dir == "":
		return a.misuse(fs, "want -model DIR, and nothing else")
	case t.most < 1:
		return a.misuse(fs, "-max-tokens is %d: want 1 or more", t.most)
	case !(t.sampling.Temperature >= 0):
		return a.misuse(fs, "-temperature is %v: want 0 or more", t.sampling.Temperature)
	case !(t.sampling.TopP >= 0 && t.sampling.TopP <= 1):
		return a.misuse(fs, "-top-p is %v: want 0 to 1", t.sampling.TopP)
	case t.sampling.TopK < 0:
		return a.misuse(fs, "-top-k is %d: want 0 or more", t.sampling.TopK)
	}
	source.Backend = *backendName
	backend.Prepare(source.Backend)
	var err error
	if t.models, err = serve.Open(source); err != nil {
		return a.fail("chat", err)
	}
	defer t.models.Close()
	names := t.models.Names()
	session := t.models.Generator(names[len(names)-1]).Session(1)
	defer session.Close()
	t.session = session
	fmt.Fprintln(a.Stderr, t.models.Backend.Why)
	if err := t.run(ctx, os.Stdin); err != nil {
		return a.fail("chat", err)
	}
	var stop stage.Interrupted
	if errors.As(context.Cause(ctx), &stop) {
		return stop.Code()
	}
	return 0
}

// talk is a conversation in a terminal.
type talk struct {
	models   *serve.Models
	session  *generate.Session
	system   string
	most     int
	sampling generate.Sampling
	out      io.Writer

	messages []schemas.Message
}

func (t *talk) run(ctx context.Context, in *os.File) error {
	prompt := ""
	if term.IsTerminal(int(in.Fd())) {
		prompt = "> "
	}
	lines := make(chan string)
	go func() { // reading cannot be interrupted, waiting for it can
		defer close(lines)
		for r := bufio.NewReader(in); ; {
			line, err := r.ReadString('\n')
			if line != "" {
				lines <- strings.TrimRight(line, "\r\n")
			}
			if err != nil {
				return
			}
		}
	}()
	said := ""
	for {
		if said == "" {
			fmt.Fprint(t.out, prompt)
		}
		select {
		case <-ctx.Done():
			fmt.Fprintln(t.out)
			return nil
		case line, ok := <-lines:
			said += line
			if part, more := strings.CutSuffix(said, `\`); ok && more {
				said = part + "\n"
				continue
			}
			if !ok && said == "" || said == "/quit" {
				return nil
			}
			if err := t.turn(ctx, said); err != nil {
				return err
			}
			said = ""
		}
	}
}

// turn answers one line.
func (t *talk) turn(ctx context.Context, said string) error {
	switch strings.TrimSpace(said) {
	case "":
		return nil
	case "/new":
		t.messages = nil
		return nil
	}
	t.messages = append(t.messages, schemas.Message{Role: "user", Content: said})
	in, err := chat.FromConversation(schemas.Conversation{System: t.system, Messages: t.messages})
	if err != nil {
		return err
	}
	ids, err := t.models.Language.Prompt(in, chat.RenderOptions{Mode: chat.Generation})
	if err != nil {
		return err
	}
	most := min(t.most, t.models.Context-len(ids))
	if most < 1 {
		t.note(fmt.Sprintf("(the conversation fills the model's context of %d tokens: /new begins anew)", t.models.Context))
		t.messages = t.messages[:len(t.messages)-1]
		return nil
	}
	answer, err := t.answer(ctx, ids, most)
	t.messages = append(t.messages, schemas.Message{Role: "assistant", Content: answer})
	return err
}

// note is a line of ours amid the talk: dim, where it is on a terminal.
func (t *talk) note(text string) {
	if onTerminal(t.out) {
		text = "\x1b[2m" + text + "\x1b[0m"
	}
	fmt.Fprintln(t.out, text)
}

// answer prints what the model says as it comes.
func (t *talk) answer(ctx context.Context, prompt []int32, most int) (string, error) {
	request := generate.Request{Prompt: prompt, MaxNew: most}
	if t.sampling.Temperature > 0 {
		s := t.sampling
		request.Sampling = &s
	}
	rows, err := t.session.Join(request)
	if err != nil {
		return "", err
	}
	row, text, ends := rows[0], generate.NewText(t.models.Language.Decode, nil), t.models.TurnEnds()
	defer t.session.Leave(row)
	var all strings.Builder
	say := func(s string) { all.WriteString(s); fmt.Fprint(t.out, s) }
	for n := 1; !slices.Contains(ends, row.Last.ID); n++ {
		say(text.Add(row.Last.ID))
		if n == most || ctx.Err() != nil {
			break
		}
		if err := t.session.Step(); err != nil {
			return "", err
		}
	}
	say(text.Flush())
	_, err = fmt.Fprintln(t.out)
	if strings.TrimSpace(all.String()) == "" && ctx.Err() == nil {
		t.note("(the model ended its answer at once: it may not know talks of several turns, /new begins anew)")
	}
	return all.String(), err
}
