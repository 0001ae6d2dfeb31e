package dagu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// UpLog is the file that takes what the scheduler and the web page say.
func UpLog(root string) string { return filepath.Join(Home(root), "logs", "up.log") }

// Up runs the scheduler and the web page, on loopback, until ctx is cancelled. It is one process: a scheduler by itself
// listens on every address, and does not end at SIGTERM. What start-all adds, a coordinator for workers of other machines,
// gets a free port on loopback; without workers it has nothing to give away.
func (p *Program) Up(ctx context.Context, login Login) error {
	port := strconv.Itoa(login.Port)
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return fmt.Errorf("port %s is taken: fettle up is running already, or another program has it (then change port in %s)", port, p.configPath())
	}
	l.Close()
	workers, err := freePort()
	if err != nil {
		return err
	}
	log, err := p.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, p.Path, "start-all", "--host", "127.0.0.1", "--port", port,
		"--coordinator.host", "127.0.0.1", "--coordinator.port", strconv.Itoa(workers))
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.root, p.environment(), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches us alone; we pass it on once
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTime
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil
	}
	if err == nil {
		err = errors.New("it ended by itself")
	}
	return fmt.Errorf("run Dagu: %w (%s says why)", err, log.Name())
}

func (p *Program) openLog() (*os.File, error) {
	path := UpLog(p.root)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}
