package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// System returns what is known of this machine's clock: of chrony, if that
// answers, or else of the kernel.
func System() Reading {
	if r, err := askChrony(chronyAddress); err == nil {
		return r
	}
	return readKernel()
}

// readKernel asks the kernel (adjtimex(2)).
func readKernel() Reading {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return Reading{Source: Unknown}
	}
	unit := time.Microsecond
	if t.Status&unix.STA_NANO != 0 {
		unit = time.Nanosecond
	}
	return Reading{
		Source: Kernel, Synchronized: state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0,
		Offset: time.Duration(t.Offset) * unit, Bound: time.Duration(t.Maxerror) * time.Microsecond,
	}
}

// sinceBoot counts on while the machine sleeps, and is not set by anybody.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return time.Since(begin)
	}
	return time.Duration(t.Nano())
}

var begin = time.Now()
