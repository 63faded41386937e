package engine

import (
	"os"
	"strconv"
	"syscall"
)

// niceness of the child: the serving path comes first.
const niceness = 10

// lowerPriority makes the process nice. Linux keeps a niceness for each thread,
// inherited by the threads it makes, so it is set for all that exist; a failure
// only costs priority and is ignored.
func lowerPriority() {
	for range 2 { // the second round finds threads made during the first
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return
		}
		for _, t := range tasks {
			if id, err := strconv.Atoi(t.Name()); err == nil {
				syscall.Setpriority(syscall.PRIO_PROCESS, id, niceness)
			}
		}
	}
}
