package dagu

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// Up runs the scheduler and the web page, on loopback, until ctx is cancelled.
func (p *Program) Up(ctx context.Context, login Login) error {
	port := strconv.Itoa(login.Port)
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return fmt.Errorf("port %s is taken: fettle up is running already, or another program has it (then change port in %s)", port, p.configPath())
	}
	l.Close()
	cmd := exec.CommandContext(ctx, p.Path, "start-all", "--host", "127.0.0.1", "--port", port)
	cmd.Dir, cmd.Env = p.root, p.environment()
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTime
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("Dagu ended: %w", err)
}
