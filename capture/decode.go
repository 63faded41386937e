package capture

import (
	"io"
	"sync"
)

// Bounds of the decoding of one body for an observer.
const (
	maxQueued  = 1 << 20   // bytes of a body that wait to be decoded; when there are more, the rest is not looked at
	maxDecoded = 256 << 20 // bytes of what is decoded: a bomb is not looked at to its end
)

// decoder undoes the coding of a body that is too long to be kept, beside the
// call. What it cannot follow it leaves out, and says so.
type decoder struct {
	done chan struct{} // closed when the goroutine has ended
	rest []byte        // what the goroutine has taken and not read

	mu     sync.Mutex // guards what follows
	wake   sync.Cond  // there is more, or the end
	queue  []byte
	ended  bool // there will be no more
	behind bool // not all was handed over
	over   bool // the goroutine takes no more
	cut    bool // not all was decoded
}

// startDecoder begins to decode what is added. See is called by a goroutine of
// its own, until end has returned.
func startDecoder(list codings, see func([]byte)) *decoder {
	d := &decoder{done: make(chan struct{})}
	d.wake.L = &d.mu
	wide := list.wide()
	if wide {
		select {
		case longWindows <- struct{}{}:
		default: // all windows are in use
			d.over, d.cut = true, true
			close(d.done)
			return d
		}
	}
	go func() {
		defer close(d.done)
		d.run(list, see)
		if wide {
			<-longWindows
		}
	}()
	return d
}

func (d *decoder) run(list codings, see func([]byte)) {
	err := list.each(d, maxDecoded, see)
	d.mu.Lock()
	d.cut, d.over, d.queue = err != io.EOF, true, nil
	d.mu.Unlock()
}

// Read reads what was handed over, for the goroutine of run.
func (d *decoder) Read(p []byte) (int, error) {
	if len(d.rest) == 0 {
		d.mu.Lock()
		for len(d.queue) == 0 && !d.ended {
			d.wake.Wait()
		}
		d.rest, d.queue = d.queue, nil
		d.mu.Unlock()
		if len(d.rest) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// add hands over a copy of p. It never waits for the decoding.
func (d *decoder) add(p []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over || d.behind {
		return
	}
	if len(d.queue)+len(p) > maxQueued {
		d.behind = true // and what came before stays a beginning
		return
	}
	d.queue = append(d.queue, p...)
	d.wake.Signal()
}

// end waits until what was handed over has been seen, and reports whether that
// was not all.
func (d *decoder) end() (cut bool) {
	d.mu.Lock()
	behind := d.behind
	d.ended = true
	d.wake.Signal()
	d.mu.Unlock()
	<-d.done
	d.mu.Lock()
	defer d.mu.Unlock()
	return behind || d.cut
}
