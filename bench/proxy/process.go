//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is a started program with all of its descendants.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string // file with what it printed
	done chan struct{}
}

// start runs argv pinned to cpus ("" leaves it free), in dir, with its output in
// a file there.
func start(name, cpus, dir string, env []string, argv ...string) (*process, error) {
	if cpus != "" {
		argv = append([]string{"taskset", "-c", cpus}, argv...)
	}
	p := &process{name: name, cmd: exec.Command(argv[0], argv[1:]...), log: filepath.Join(dir, name+".out"), done: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, out, out
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// alive returns nil while p runs, and otherwise an error with its last output.
func (p *process) alive() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended (%v): %s", p.name, p.cmd.ProcessState, tail(p.log, 600))
	default:
		return nil
	}
}

// stop asks p to end and waits; after ten seconds it kills it.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		for _, s := range p.family() {
			syscall.Kill(s.pid, syscall.SIGKILL)
		}
		<-p.done
	}
}

// tail returns the last n bytes of a file on one line, for an error message.
func tail(file string, n int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	b = bytes.TrimSpace(b)
	return strings.ReplaceAll(string(b[max(0, len(b)-n):]), "\n", " | ")
}

// stat is what /proc/PID/stat says of one process.
type stat struct {
	pid, parent int
	cpu         time.Duration // user and system, with children that were waited for
}

// tick is the unit of times in /proc (USER_HZ, which is 100 on every Linux that
// Go supports).
const tick = 10 * time.Millisecond

var errStat = errors.New("unexpected form of /proc/PID/stat")

// parseStat reads a line of /proc/PID/stat. The name, in parentheses, may hold
// anything, so fields count from its last parenthesis.
func parseStat(line string) (stat, error) {
	open, last := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 1 || last < open {
		return stat{}, errStat
	}
	f := strings.Fields(line[last+1:])
	if len(f) < 15 {
		return stat{}, errStat
	}
	pid, err1 := strconv.Atoi(strings.TrimSpace(line[:open]))
	parent, err2 := strconv.Atoi(f[1])
	s := stat{pid: pid, parent: parent}
	err := errors.Join(err1, err2)
	for _, field := range f[11:15] { // utime, stime, cutime, cstime
		n, e := strconv.ParseInt(field, 10, 64)
		err = errors.Join(err, e)
		s.cpu += time.Duration(n) * tick
	}
	if err != nil {
		return stat{}, fmt.Errorf("%w: %w", errStat, err)
	}
	return s, nil
}

// family returns p and its living descendants.
func (p *process) family() []stat {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	children := map[int][]stat{}
	var found []stat
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		s, err := parseStat(string(b))
		if err != nil {
			continue
		}
		if s.pid == p.cmd.Process.Pid {
			found = append(found, s)
		}
		children[s.parent] = append(children[s.parent], s)
	}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	return found
}

// cpu returns the processor time of p and its descendants so far.
func (p *process) cpu() time.Duration {
	var sum time.Duration
	for _, s := range p.family() {
		sum += s.cpu
	}
	return sum
}

// peakMemory returns the sum of VmHWM of p and its descendants, in bytes. Pages
// that several of them share are counted once for each.
func (p *process) peakMemory() int64 {
	var sum int64
	for _, s := range p.family() {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				sum += kb << 10
			}
		}
	}
	return sum
}
