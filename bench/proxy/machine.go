//go:build linux

package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// machine says where figures were measured.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory_bytes"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
}

func thisMachine() machine {
	m := machine{CPU: runtime.GOARCH, Go: runtime.Version(), Cores: onlineCores()}
	for line := range lines("/proc/cpuinfo") {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	for line := range lines("/proc/meminfo") {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			m.Memory = kb << 10
		}
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = "Linux " + strings.TrimSpace(string(b))
	}
	return m
}

func lines(file string) func(func(string) bool) {
	b, _ := os.ReadFile(file)
	return strings.Lines(string(b))
}

// onlineCores counts the machine's processors, also those this process is not
// allowed to use.
func onlineCores() int {
	n := 0
	for line := range lines("/proc/stat") {
		if strings.HasPrefix(line, "cpu") && !strings.HasPrefix(line, "cpu ") {
			n++
		}
	}
	return max(n, 1)
}

// busy returns the processor time that the whole machine has spent so far, all
// processors together, and of that what the hypervisor took away.
func busy() (all, stolen time.Duration) {
	for line := range lines("/proc/stat") {
		f := strings.Fields(line)
		if len(f) < 9 || f[0] != "cpu" {
			continue
		}
		for i, field := range f[1:9] { // user nice system idle iowait irq softirq steal
			n, _ := strconv.ParseInt(field, 10, 64)
			t := time.Duration(n) * tick
			if i != 3 && i != 4 {
				all += t
			}
			if i == 7 {
				stolen = t
			}
		}
	}
	return all, stolen
}

// ownTime returns the processor time of this process so far.
func ownTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
