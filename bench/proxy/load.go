//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"syscall"
	"time"
)

// A load says what to send.
type load struct {
	addr        netip.AddrPort
	requests    [][]byte // whole HTTP/1.1 requests, sent in turn
	connections int
	duration    time.Duration
	rate        float64 // requests a second, due at fixed times; 0: as fast as answers come
}

// An outcome says what came of a load.
type outcome struct {
	done     uint64        // answers with status 200
	bad      uint64        // other answers, and connections lost with a request under way
	unsent   uint64        // requests that were due and found no free connection in time
	elapsed  time.Duration // from the first request to the last answer
	rate     float64       // good answers a second, within the duration
	latency  hist          // of good answers: from due (open loop) or sent (closed loop)
	firstBad error         // what the first bad answer was; nil if there was none
}

// drain is how long after the end of a load answers are still awaited, and, in an
// open loop, requests that were due in time are still sent.
const drain = 3 * time.Second

// A session is one connection of the generator: at most one request is under way.
type session struct {
	fd    int
	busy  bool
	since time.Time // when the request was due, or sent
	buf   []byte    // what has come of the answer
}

// generator is a load under way: one thread, one epoll loop.
type generator struct {
	load
	poll     *poller
	sessions []session
	idle     []int // sessions without a request under way
	next     int   // number of the next request
	start    time.Time
	end      time.Time // no request is due at or after it
	inTime   uint64    // good answers before end
	out      outcome
	scratch  [32 << 10]byte
}

// run sends the load and returns when every answer is there or drain is over.
func (l load) run() (*outcome, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	defer p.close()
	g := &generator{load: l, poll: p, sessions: make([]session, l.connections)}
	defer func() {
		for i := range g.sessions {
			if g.sessions[i].fd > 0 {
				syscall.Close(g.sessions[i].fd)
			}
		}
	}()
	for i := range g.sessions {
		if err := g.connect(i); err != nil {
			return nil, err
		}
		g.idle = append(g.idle, i)
	}
	g.start = time.Now()
	g.end = g.start.Add(l.duration)
	if err := g.loop(); err != nil {
		return nil, err
	}
	g.out.elapsed = time.Since(g.start)
	g.out.rate = float64(g.inTime) / l.duration.Seconds()
	return &g.out, nil
}

func (g *generator) loop() error {
	for {
		now := time.Now()
		if err := g.sendDue(now); err != nil {
			return err
		}
		wait, more := g.wait(now)
		if !more {
			return nil
		}
		events, err := g.poll.wait(wait)
		if err != nil {
			return err
		}
		for _, ev := range events {
			if err := g.receive(int(ev.Fd)); err != nil {
				return err
			}
		}
	}
}

// due returns when request n is to be sent: at once in a closed loop.
func (g *generator) due(n int, now time.Time) time.Time {
	if g.rate == 0 {
		return now
	}
	return g.start.Add(time.Duration(float64(n) / g.rate * float64(time.Second)))
}

// sendDue sends what is due, as far as sessions are idle.
func (g *generator) sendDue(now time.Time) error {
	for len(g.idle) > 0 {
		due := g.due(g.next, now)
		if due.After(now) || !due.Before(g.end) {
			return nil
		}
		i := g.idle[len(g.idle)-1]
		g.idle = g.idle[:len(g.idle)-1]
		if err := g.send(i, due); err != nil {
			return err
		}
	}
	return nil
}

// wait returns how long to wait for answers; more is false when all is done.
func (g *generator) wait(now time.Time) (d time.Duration, more bool) {
	due := g.due(g.next, now)
	scheduled := due.Before(g.end)
	last := g.end.Add(drain)
	if !now.Before(last) || (!scheduled && len(g.idle) == len(g.sessions)) {
		if scheduled && g.rate > 0 {
			g.out.unsent = uint64(g.rate*g.duration.Seconds()) - uint64(g.next)
		}
		busy := uint64(len(g.sessions) - len(g.idle))
		if busy > 0 {
			g.fault(fmt.Errorf("%d requests without an answer %v after the end", busy, drain))
			g.out.bad += busy - 1
		}
		return 0, false
	}
	if scheduled && len(g.idle) > 0 {
		return due.Sub(now), true
	}
	return last.Sub(now), true
}

func (g *generator) send(i int, since time.Time) error {
	s := &g.sessions[i]
	req := g.requests[g.next%len(g.requests)]
	g.next++
	s.since, s.busy, s.buf = since, true, s.buf[:0]
	// A session has nothing else under way, so its send buffer takes all of it.
	if n, err := syscall.Write(s.fd, req); err != nil || n < len(req) {
		return g.lost(i, fmt.Errorf("sending: %d of %d bytes: %w", n, len(req), err))
	}
	return nil
}

// receive takes what has come on session i.
func (g *generator) receive(i int) error {
	s := &g.sessions[i]
	n, err := syscall.Read(s.fd, g.scratch[:])
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		return nil
	}
	if err != nil || n <= 0 {
		if err == nil {
			err = errors.New("closed by the server")
		}
		return g.lost(i, fmt.Errorf("receiving: %w", err))
	}
	b := g.scratch[:n]
	if len(s.buf) > 0 || !s.busy {
		s.buf = append(s.buf, b...)
		b = s.buf
	}
	a, err := parseAnswer(b)
	if errors.Is(err, errShort) {
		if len(s.buf) == 0 {
			s.buf = append(s.buf, b...)
		}
		return nil
	}
	if err == nil && (a.size != len(b) || !s.busy) {
		err = fmt.Errorf("%w: %d bytes after the answer", errFormat, len(b)-a.size)
	}
	if err != nil {
		return g.lost(i, err)
	}
	now := time.Now()
	s.busy = false
	g.idle = append(g.idle, i)
	if a.status == 200 {
		g.out.done++
		g.out.latency.add(now.Sub(s.since))
		if now.Before(g.end) {
			g.inTime++
		}
	} else {
		g.fault(fmt.Errorf("status %d", a.status))
	}
	if a.close {
		return g.connect(i)
	}
	return nil
}

// lost opens session i anew, and counts the request that was under way as bad.
func (g *generator) lost(i int, why error) error {
	if s := &g.sessions[i]; s.busy {
		s.busy = false
		g.idle = append(g.idle, i)
		g.fault(why)
	}
	return g.connect(i)
}

func (g *generator) fault(why error) {
	g.out.bad++
	if g.out.firstBad == nil {
		g.out.firstBad = why
	}
}

func (g *generator) connect(i int) error {
	s := &g.sessions[i]
	if s.fd > 0 {
		syscall.Close(s.fd)
		s.fd = 0
	}
	fd, err := dial(g.addr)
	if err != nil {
		return err
	}
	s.fd, s.buf = fd, s.buf[:0]
	return g.poll.watch(fd, i)
}
