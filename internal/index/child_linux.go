package index

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's signals from the child and makes the kernel end
// it with its parent, should the end of its standard input not do so.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
