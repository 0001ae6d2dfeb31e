package e2e_test

import (
	"os"
	"os/exec"
	"syscall"
)

// isolated gives a command namespaces of its own, with no network but a loopback that is down.
func isolated(c *exec.Cmd) bool {
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
	return true
}
