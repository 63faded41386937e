//go:build linux

package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// A sample is what one round found out about one peer.
type sample struct {
	Rate        float64 `json:"requests_per_second"`        // at saturation
	CPU         float64 `json:"cpu_seconds_per_100k"`       // at saturation
	Cores       float64 `json:"cores_at_saturation"`        // of the proxy; well below 1: something else was the limit
	HalfCPU     float64 `json:"cpu_seconds_per_100k_half"`  // at half load
	P50         float64 `json:"p50_ms_half"`                // at half load
	P99         float64 `json:"p99_ms_half"`                // at half load
	Memory      float64 `json:"peak_memory_bytes"`          // VmHWM, all processes
	Answers     uint64  `json:"good_answers"`               // all that the proxy gave, warm-up and all
	Recorded    uint64  `json:"recorded"`                   // calls in its access log or ledger afterwards
	Bad         uint64  `json:"bad_answers"`                // both loads; any makes the row worthless
	FirstBad    string  `json:"first_bad_answer,omitempty"` // what the first of them was
	Unsent      uint64  `json:"unsent"`                     // due at half load, and never sent
	OtherCores  float64 `json:"cores_of_other_programs"`    // what the rest of the machine used meanwhile
	StolenCores float64 `json:"cores_stolen"`               // what the hypervisor took
}

// A bench holds what all measurements of a run share.
type bench struct {
	opts     options
	issuer   *issuer
	origin   *process       // the upstream that proxies forward to
	upstream netip.AddrPort // its address
	dir      string
}

// warmUp is how long a proxy is loaded before anything is measured.
const warmUp = time.Second

// measure starts p, loads it to saturation and then at half of that, and stops it.
func (b *bench) measure(p peer, program string, round int) (s sample, err error) {
	set := setup{
		dir:      filepath.Join(b.dir, fmt.Sprintf("%s-%d", p.name, round)),
		upstream: b.upstream, issuer: b.issuer.url,
	}
	if set.listen, err = freePort(); err != nil {
		return s, err
	}
	if set.ops, err = freePort(); err != nil {
		return s, err
	}
	if err := p.write(set); err != nil {
		return s, err
	}
	defer os.RemoveAll(set.dir)
	proc, err := start(p.name, b.opts.proxyCPUs, set.dir, append(p.env, "HOME="+set.dir), append([]string{program}, p.args(set)...)...)
	if err != nil {
		return s, err
	}
	defer proc.stop()
	reqs, err := b.issuer.requests(set.listen.String(), b.opts.connections)
	if err != nil {
		return s, err
	}
	l := load{addr: set.listen, requests: reqs, connections: b.opts.connections, duration: warmUp}
	if s.Answers, err = ready(proc, l); err != nil {
		return s, err
	}
	warm, err := l.run()
	if err != nil {
		return s, fmt.Errorf("%s: %w", p.name, err)
	}
	s.Answers += warm.done
	l.duration = b.opts.duration
	peak, err := b.timed(proc, l, &s)
	if err != nil {
		return s, err
	}
	s.Rate, s.CPU, s.Cores = peak.rate, peak.per100k, peak.cores
	if peak.rate == 0 {
		return s, fmt.Errorf("%s: no good answer in %v: %s", p.name, l.duration, s.FirstBad)
	}
	l.rate = peak.rate / 2
	half, err := b.timed(proc, l, &s)
	if err != nil {
		return s, err
	}
	s.HalfCPU = half.per100k
	s.P50, s.P99 = ms(half.latency.quantile(0.50)), ms(half.latency.quantile(0.99))
	s.Memory = float64(proc.peakMemory())
	if err := proc.alive(); err != nil {
		return s, err
	}
	proc.stop()
	if p.record != nil {
		if s.Recorded, err = p.record(set); err != nil {
			return s, fmt.Errorf("%s: counting what it recorded: %w", p.name, err)
		}
	}
	return s, nil
}

// timing is an outcome with the proxy's processor time.
type timing struct {
	*outcome
	per100k float64 // seconds per 100,000 answers
	cores   float64
}

// timed runs l, and adds to s what is counted over both loads.
func (b *bench) timed(proc *process, l load, s *sample) (timing, error) {
	ours := func() time.Duration {
		sum := proc.cpu() + ownTime()
		if b.origin != nil {
			sum += b.origin.cpu()
		}
		return sum
	}
	allBefore, stolenBefore := busy()
	oursBefore, before := ours(), proc.cpu()
	out, err := l.run()
	if err != nil {
		return timing{}, fmt.Errorf("%s: %w", proc.name, err)
	}
	used := proc.cpu() - before
	all, stolen := busy()
	seconds := out.elapsed.Seconds()
	t := timing{outcome: out, cores: used.Seconds() / seconds}
	if out.done > 0 {
		t.per100k = used.Seconds() / float64(out.done) * 1e5
	}
	others := (all - allBefore) - (stolen - stolenBefore) - (ours() - oursBefore)
	s.OtherCores = max(s.OtherCores, others.Seconds()/seconds)
	s.StolenCores = max(s.StolenCores, (stolen-stolenBefore).Seconds()/seconds)
	s.Answers += out.done
	s.Bad += out.bad
	s.Unsent += out.unsent
	if s.FirstBad == "" && out.firstBad != nil {
		s.FirstBad = out.firstBad.Error()
	}
	return t, nil
}

// ready waits until the proxy gives good answers, and returns how many it gave.
func ready(proc *process, l load) (uint64, error) {
	l.connections, l.duration = 1, 20*time.Millisecond
	deadline := time.Now().Add(30 * time.Second)
	var good uint64
	for {
		out, err := l.run()
		if err == nil {
			good, err = good+out.done, out.firstBad
			if out.done > 0 && out.bad == 0 {
				return good, nil
			}
		}
		if gone := proc.alive(); gone != nil {
			return 0, gone
		}
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("%s gives no good answer: %w; it printed: %s", proc.name, err, tail(proc.log, 600))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// freePort returns a loopback address that nobody listened on just now.
func freePort() (netip.AddrPort, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer l.Close()
	return netip.ParseAddrPort(l.Addr().String())
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
