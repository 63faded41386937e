//go:build linux

package main

import (
	"debug/buildinfo"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type options struct {
	duration    time.Duration
	connections int
	runs        int
	only        string
	bins        string
	dir         string
	json        string
	proxyCPUs   string
	loadCPUs    string
	upstream    string
}

func main() {
	var o options
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "length of each load")
	flag.IntVar(&o.connections, "connections", 64, "connections that the load keeps open")
	flag.IntVar(&o.runs, "runs", 2, "rounds; in each, every proxy has its turn")
	flag.StringVar(&o.only, "only", "", "names of the proxies to measure, separated by commas (default all)")
	flag.StringVar(&o.bins, "bins", "bin,.work/peers/bin", "directories with the programs, separated by commas")
	flag.StringVar(&o.dir, "dir", ".work", "where the proxies' logs and data go during the run; best not a memory file system")
	flag.StringVar(&o.json, "json", "", "file to write the report to as JSON, with every round")
	flag.StringVar(&o.proxyCPUs, "proxy-cpus", "auto", `processors for the proxy under test, as for taskset; "" pins nothing`)
	flag.StringVar(&o.loadCPUs, "load-cpus", "auto", "processors for the load generator and the upstream")
	flag.StringVar(&o.upstream, "upstream", "", "only serve the upstream on this address (used by the program itself)")
	flag.Parse()
	if err := o.main(); err != nil {
		fmt.Fprintln(os.Stderr, "bench/proxy:", err)
		os.Exit(1)
	}
}

func (o options) main() error {
	if o.upstream != "" {
		l, err := net.Listen("tcp4", o.upstream)
		if err != nil {
			return err
		}
		return upstream(l)
	}
	if o.connections < 1 || o.runs < 1 || o.duration <= 0 {
		return fmt.Errorf("-connections, -runs and -duration must be positive")
	}
	o.choosePins()
	if err := o.pinSelf(); err != nil {
		return err
	}
	rep, err := o.run()
	if err != nil {
		return err
	}
	if o.json != "" {
		b, err := json.MarshalIndent(rep, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	rep.markdown(os.Stdout)
	return nil
}

// choosePins gives the proxy the first processor and the rest of the work the
// second one. With one processor, or without taskset, nothing is pinned.
func (o *options) choosePins() {
	_, err := exec.LookPath("taskset")
	possible := err == nil && onlineCores() > 1
	pick := func(pin *string, cpu string) {
		if !possible {
			*pin = ""
		} else if *pin == "auto" {
			*pin = cpu
		}
	}
	pick(&o.proxyCPUs, "0")
	pick(&o.loadCPUs, "1")
}

// pinSelf starts this program anew, once, under taskset.
func (o options) pinSelf() error {
	const done = "GATEBOOK_BENCH_PINNED"
	if o.loadCPUs == "" || os.Getenv(done) != "" {
		return nil
	}
	taskset, err := exec.LookPath("taskset")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	argv := append([]string{"taskset", "-c", o.loadCPUs, self}, os.Args[1:]...)
	return fmt.Errorf("starting under taskset: %w", syscall.Exec(taskset, argv, append(os.Environ(), done+"=1")))
}

// run measures all chosen peers, round by round.
func (o options) run() (*report, error) {
	chosen, err := choose(o.only)
	if err != nil {
		return nil, err
	}
	rep := &report{
		Started: time.Now(), Command: "go run ./bench/proxy " + strings.Join(os.Args[1:], " "), Machine: thisMachine(),
		Connections: o.connections, Duration: o.duration.String(), Rounds: o.runs, ProxyCPUs: o.proxyCPUs, LoadCPUs: o.loadCPUs,
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return nil, err
	}
	b := &bench{opts: o}
	if b.dir, err = os.MkdirTemp(o.dir, "bench-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.dir)
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return nil, err
	}
	if b.issuer, err = startIssuer(); err != nil {
		return nil, err
	}
	if err := b.startUpstream(); err != nil {
		return nil, err
	}
	defer b.origin.stop()
	programs := map[string]string{}
	for _, p := range chosen {
		path, err := p.program(strings.Split(o.bins, ","))
		if err != nil {
			rep.Skipped = append(rep.Skipped, err.Error())
			continue
		}
		programs[p.name] = path
		rep.Rows = append(rep.Rows, row{Name: p.name, What: p.what, Version: p.versionOf(path)})
	}
	return rep, b.rounds(rep, programs)
}

// rounds fills the rows of rep. A peer that fails is taken out, with the reason,
// and the others go on.
func (b *bench) rounds(rep *report, programs map[string]string) error {
	for round := range b.opts.runs {
		for i := 0; i < len(rep.Rows); i++ {
			r := &rep.Rows[i]
			at := slices.IndexFunc(peers, func(p peer) bool { return p.name == r.Name })
			s, err := b.measure(peers[at], programs[r.Name], round)
			if err != nil {
				fmt.Fprintln(os.Stderr, "bench/proxy:", err)
				rep.Skipped = append(rep.Skipped, fmt.Sprintf("%s: %v", r.Name, err))
				rep.Rows = slices.Delete(rep.Rows, i, i+1)
				i--
				continue
			}
			r.Samples = append(r.Samples, s)
			fmt.Fprintf(os.Stderr, "round %d of %d: %-14s %6.0f requests/s, %5.2f CPU s/100k, p50 %.2f ms, p99 %.2f ms, %.2f cores, %d good, %d recorded, %d bad\n",
				round+1, b.opts.runs, r.Name, s.Rate, s.CPU, s.P50, s.P99, s.Cores, s.Answers, s.Recorded, s.Bad)
		}
	}
	if len(rep.Rows) == 0 {
		return fmt.Errorf("nothing could be measured: %s", strings.Join(rep.Skipped, "; "))
	}
	return nil
}

func (b *bench) startUpstream() error {
	addr, err := freePort()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	b.upstream = addr
	b.origin, err = start("origin", b.opts.loadCPUs, b.dir, nil, self, "-upstream", addr.String())
	if err != nil {
		return err
	}
	reqs, err := b.issuer.requests(addr.String(), 1)
	if err != nil {
		return err
	}
	_, err = ready(b.origin, load{addr: addr, requests: reqs})
	return err
}

// choose returns the peers that only names, separated by commas; all for "".
func choose(only string) ([]peer, error) {
	if only == "" {
		return peers, nil
	}
	var chosen []peer
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(peers, func(p peer) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only: no proxy is called %s", strconv.Quote(name))
		}
		chosen = append(chosen, peers[i])
	}
	return chosen, nil
}

var versionNumber = regexp.MustCompile(`v?\d+\.\d+[0-9A-Za-z.+-]*`)

// versionOf returns the version that the program at path prints, or, for one that
// prints none, that of the Go module it was built from; "" if neither is known.
func (p peer) versionOf(path string) string {
	if p.version != nil {
		if out, err := exec.Command(path, p.version...).CombinedOutput(); err == nil {
			return versionNumber.FindString(string(out))
		}
	}
	if info, err := buildinfo.ReadFile(path); err == nil && p.bin != "" {
		return info.Main.Version
	}
	return ""
}
