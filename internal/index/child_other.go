//go:build !linux

package index

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's signals from the child. It ends with its parent
// because its standard input does.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
