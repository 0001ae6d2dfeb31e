package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"fettle/internal/dagu"
)

func (a *App) dagu(ctx context.Context, args []string) int {
	fs := a.flags("dagu", "install\n\nGets Dagu into the project's folder .dagu: with npm, else built by Go from tools/.")
	rest, code, done := parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 || rest[0] != "install" {
		return a.misuse(fs, "want `fettle dagu install`")
	}
	root, _, err := project("")
	if err != nil {
		return a.fail("dagu", err)
	}
	p, err := dagu.Find(root)
	if errors.Is(err, dagu.ErrNone) {
		p, err = dagu.Install(ctx, root, a.say("dagu"))
	}
	if err != nil {
		return a.fail("dagu", err)
	}
	a.say("dagu")("%s", p)
	return 0
}

func (a *App) say(verb string) func(format string, args ...any) {
	return func(format string, args ...any) {
		fmt.Fprintf(a.Stderr, "%-7s %s\n", verb, fmt.Sprintf(format, args...))
	}
}

func (a *App) up(ctx context.Context, args []string) int {
	fs := a.flags("up", "[-password]\n\nRuns Dagu's scheduler and web page on loopback, until it is interrupted. The schedules are in pipelines/*.yaml.")
	storeDir := fs.String("store", "", "folder of the artifacts")
	password := fs.Bool("password", false, "show the password again")
	if code, done := a.parseFlags(fs, args); done {
		return code
	}
	root, store, err := project(*storeDir)
	if err != nil {
		return a.fail("up", err)
	}
	p, err := dagu.Find(root)
	if err != nil {
		return a.fail("up", fmt.Errorf("%w: `fettle dagu install` gets it", err))
	}
	login, err := p.Setup(a.environment(store.Root))
	if err != nil {
		return a.fail("up", err)
	}
	say := a.say("up")
	say("http://127.0.0.1:%d, log in %s", login.Port, dagu.UpLog(root))
	if *password || firstTime(root) {
		say("user %s, password %s (shown once; `fettle up -password` shows it again, .dagu/config.yaml keeps it for you alone)", login.User, login.Password)
	}
	if err := p.Up(ctx, login); err != nil {
		return a.fail("up", err)
	}
	return 0
}

// firstTime says whether the password was never shown, and remembers that it is now: a run may have made it long before.
func firstTime(root string) bool {
	f, err := os.OpenFile(filepath.Join(dagu.Home(root), "password-shown"), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	f.Close()
	return true
}
