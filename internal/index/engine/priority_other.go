//go:build !linux

package engine

import "syscall"

// lowerPriority makes the process nice; a failure is ignored.
func lowerPriority() { syscall.Setpriority(syscall.PRIO_PROCESS, 0, 10) }
