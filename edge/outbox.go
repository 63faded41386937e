package edge

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/ingest/delivery"
)

// Bounds of what waits, and of one delivery.
const (
	defaultMemory   = 64 << 20
	defaultSpoolMax = 1 << 30
	maxLines        = 500
	maxBytes        = 4 << 20 // but for one line that is longer
	maxLine         = delivery.MaxBatch - 1<<20
	answerTime      = 90 * time.Second // the server may have to wait for its index
)

// The reasons of gaps that an edge seals.
const (
	lostFull    = "queue-full"    // neither memory nor spool had room
	lostEncode  = "not-encodable" // no valid event, or a longer one than is taken
	lostRefused = "refused"       // the server said that it is none
	lostSpool   = "spool-failed"  // it could not be written, and was not in memory any more
)

// outbox takes events and delivers them: Put and Append hand them to the
// writer, which stores them, and the sender gives the oldest of what is stored
// to the server, again and again until it has taken them.
type outbox struct {
	server *client
	life   string // of the edge's process, for gaps
	log    *slog.Logger
	max    int64 // bytes in memory

	store   store
	written chan struct{} // there is something to store; holds one
	stored  chan struct{} // there is something to send; holds one
	stop    context.CancelFunc
	workers sync.WaitGroup

	mu      sync.Mutex // guards what follows
	queue   []entry    // not stored yet
	queued  int64      // their bytes
	storing int        // that were taken from the queue and are not in the store
	closing bool
	waiting map[event.ID]chan result
	lost    []event.Lost // by reason, not yet an event
	stats   Status
}

// entry is an event on its way to the store.
type entry struct {
	line []byte
	lost event.Lost // what is lost without it
}

type result struct {
	receipt capture.Receipt
	err     error
}

var _ capture.Sink = (*outbox)(nil)

// store keeps lines in their order. It is safe for concurrent use.
type store interface {
	// add stores lines, or none of them. errFull: there is no room.
	add(lines [][]byte) error
	// oldest returns the oldest lines, as far as the bounds go but at least one,
	// and keeps them.
	oldest(lines, bytes int) ([][]byte, error)
	// drop removes the n oldest.
	drop(n int) error
	// count returns how many there are.
	count() int
	close() error
}

var errFull = errors.New("there is no room")

func newOutbox(c *Config, server *client, life string) (*outbox, error) {
	o := &outbox{
		server: server, life: life, log: c.Log, max: cmp.Or(c.Memory, defaultMemory), waiting: make(map[event.ID]chan result),
		written: make(chan struct{}, 1), stored: make(chan struct{}, 1),
	}
	if c.Spool == "" {
		o.store = &memory{max: o.max}
		return o, nil
	}
	s, err := openSpool(c.Spool, cmp.Or(c.SpoolMax, defaultSpoolMax), c.Log)
	if err != nil {
		return nil, fmt.Errorf("edge: Spool: %w", err)
	}
	o.store = s
	return o, nil
}

func (o *outbox) start() {
	ctx, cancel := context.WithCancel(context.Background())
	o.stop = cancel
	o.workers.Go(func() { o.write(ctx) })
	o.workers.Go(func() { o.send(ctx) })
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Put implements [capture.Sink].
func (o *outbox) Put(e *event.Event) {
	one := event.Lost{Count: 1, From: e.Arrived, To: e.Arrived}
	line, err := encode(e)
	switch {
	case err != nil:
		o.log.Error("gatebook: an event could not be encoded", "error", err)
		one.Reason = lostEncode
		o.lose(one)
	case !o.push(entry{line, one}, nil):
		one.Reason = lostFull
		o.lose(one)
	}
}

// Append implements [capture.Sink]: it waits until the server has sealed e.
func (o *outbox) Append(ctx context.Context, e *event.Event) (capture.Receipt, error) {
	id, one := e.ID, event.Lost{Count: 1, From: e.Arrived, To: e.Arrived}
	line, err := encode(e)
	if err != nil {
		return capture.Receipt{}, err
	}
	done := make(chan result, 1)
	if !o.push(entry{line, one}, func() { o.waiting[id] = done }) {
		return capture.Receipt{}, errors.New("too many events wait for the server")
	}
	select {
	case r := <-done:
		return r.receipt, r.err
	case <-ctx.Done():
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.waiting, id)
		return capture.Receipt{}, fmt.Errorf("the server has not sealed the event in time: %w", ctx.Err())
	}
}

// encode returns the line of an event.
func encode(e *event.Event) ([]byte, error) {
	line, err := delivery.Append(nil, e)
	if err == nil && len(line) > maxLine {
		err = fmt.Errorf("it has %d bytes, the limit is %d", len(line), maxLine)
	}
	return line, err
}

// push queues an event, and calls also with the lock held if it did. It reports
// false if there is no room, or no edge any more.
func (o *outbox) push(e entry, also func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing || o.queued+int64(len(e.line)) > o.max {
		return false
	}
	o.queue, o.queued = append(o.queue, e), o.queued+int64(len(e.line))
	if also != nil {
		also()
	}
	poke(o.written)
	return true
}

// lose counts calls whose events will not be delivered.
func (o *outbox) lose(l event.Lost) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stats.Lost += l.Count
	o.note(l)
}

// note adds to what is lost, for the next gap. It is called with mu held.
func (o *outbox) note(l event.Lost) {
	i := slices.IndexFunc(o.lost, func(have event.Lost) bool { return have.Reason == l.Reason })
	if i < 0 {
		o.lost = append(o.lost, l)
		return
	}
	have := &o.lost[i]
	have.Count += l.Count
	if l.From.Before(have.From) {
		have.From = l.From
	}
	if l.To.After(have.To) {
		have.To = l.To
	}
}

// take takes what is queued, and a gap event for each reason of losses.
func (o *outbox) take() (entries []entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	entries, o.queue, o.queued = o.queue, nil, 0
	for _, l := range o.lost {
		now := time.Now().UTC()
		var random [8]byte
		rand.Read(random[:])
		line, err := encode(&event.Event{Header: event.Header{ID: event.NewID(now, random), Kind: event.Gap, Arrived: now, Completed: now, Edge: o.life, Lost: &l}})
		if err != nil {
			panic(fmt.Sprintf("edge: a gap event that we made is not valid: %v", err))
		}
		entries = append(entries, entry{line, l})
	}
	o.lost, o.storing = nil, len(entries)
	return entries
}

// gapsEvery is how often it is looked whether there are losses to tell of.
const gapsEvery = time.Second

// write stores what is queued, until the end.
func (o *outbox) write(ctx context.Context) {
	tick := time.NewTicker(gapsEvery)
	defer tick.Stop()
	for {
		select {
		case <-o.written:
		case <-tick.C:
		case <-ctx.Done():
			o.keep(o.take())
			return
		}
		if entries := o.take(); len(entries) > 0 {
			o.keep(entries)
			poke(o.stored)
		}
	}
}

// keep stores what take has taken. What finds no room is lost.
func (o *outbox) keep(entries []entry) {
	o.put(entries)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.storing = 0
}

func (o *outbox) put(entries []entry) {
	for len(entries) > 0 {
		lines := make([][]byte, len(entries))
		for i, e := range entries {
			lines[i] = e.line
		}
		err := o.store.add(lines)
		if err == nil {
			return
		}
		if n := len(entries); errors.Is(err, errFull) && n > 1 { // there may be room for some
			o.put(entries[:n/2])
			entries = entries[n/2:]
			continue
		}
		if !errors.Is(err, errFull) {
			o.log.Error("gatebook: events could not be kept", "events", len(entries), "error", err)
		}
		for _, e := range entries {
			o.forgo(e.lost, err)
		}
		return
	}
}

// forgo notes that an event could not be stored, which is a call, or a gap with
// a reason of its own that is told of later.
func (o *outbox) forgo(l event.Lost, why error) {
	if l.Reason != "" {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.note(l)
		return
	}
	if l.Reason = lostSpool; errors.Is(why, errFull) {
		l.Reason = lostFull
	}
	o.lose(l)
}

// send delivers what is stored, until ctx ends.
func (o *outbox) send(ctx context.Context) {
	d := delivering{o: o, again: o.store.count(), most: maxLines}
	for ctx.Err() == nil {
		lines, err := o.store.oldest(d.most, maxBytes)
		if err != nil {
			o.failing(err)
			rest(ctx, pause(8))
			continue
		}
		if len(lines) == 0 {
			select {
			case <-o.stored:
			case <-ctx.Done():
			}
			continue
		}
		if err := d.one(ctx, lines); err != nil && ctx.Err() == nil {
			o.failing(err)
			rest(ctx, pause(d.failures))
			d.failures++
		}
	}
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// delivering is what the sender knows.
type delivering struct {
	o        *outbox
	again    int // of the oldest lines, how many the server may have already
	most     int // lines at once
	failures int // since the last success
}

// one makes one delivery of the oldest lines.
func (d *delivering) one(ctx context.Context, lines [][]byte) error {
	query := url.Values{}
	if d.again > 0 {
		query.Set("again", "true")
	}
	var taken delivery.Taken
	err := d.o.server.ask(ctx, answerTime, http.MethodPost, delivery.EventsPath, query, bytes.Join(lines, nil), &taken)
	var no *refused
	switch {
	case err == nil && len(taken.Numbers) != len(lines):
		err = fmt.Errorf("the server's answer is about %d events, %d were delivered", len(taken.Numbers), len(lines))
	case err == nil:
		d.again, d.most, d.failures = max(d.again-len(lines), 0), maxLines, 0
		d.o.delivered(lines, &taken)
		return d.o.store.drop(len(lines))
	case !errors.As(err, &no):
		if !unreachable(err) {
			d.again = max(d.again, len(lines))
		}
	case no.status == http.StatusUnprocessableEntity && no.line > 1:
		d.most = no.line - 1 // those before it
		return nil
	case no.status == http.StatusRequestEntityTooLarge && len(lines) > 1:
		d.most = len(lines) / 2
		return nil
	case no.status == http.StatusUnprocessableEntity && no.line == 1, no.status == http.StatusRequestEntityTooLarge:
		d.again, d.most = max(d.again-1, 0), maxLines
		d.o.log.Error("gatebook: the server does not take an event", "error", no)
		d.o.discard(lines[0], no)
		return d.o.store.drop(1)
	case no.status >= 500:
		d.again = max(d.again, len(lines))
	}
	return err
}

// delivered tells those who wait.
func (o *outbox) delivered(lines [][]byte, taken *delivery.Taken) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.stats.Failing.IsZero() {
		o.log.Info("gatebook: events are delivered again", "after", time.Since(o.stats.Failing).Round(time.Second))
	}
	o.stats.Delivered += uint64(len(lines))
	o.stats.Failing, o.stats.Error = time.Time{}, ""
	for i, line := range lines {
		id := idOf(line)
		done := o.waiting[id]
		if done == nil {
			continue
		}
		delete(o.waiting, id)
		var r capture.Receipt // of one that was there before there is none
		if n := taken.Numbers[i]; n >= 0 {
			r = capture.Receipt{Number: uint64(n), Checkpoint: []byte(taken.Checkpoint)}
		}
		done <- result{receipt: r}
	}
}

// discard is what becomes of a line that the server will never take.
func (o *outbox) discard(line []byte, why error) {
	now := time.Now().UTC()
	one := event.Lost{Count: 1, Reason: lostRefused, From: now, To: now}
	if e, err := delivery.Decode(line); err == nil {
		one.From, one.To = e.Arrived, e.Arrived
		if e.Kind == event.Gap {
			one.Count = e.Lost.Count
		}
	}
	o.lose(one)
	o.mu.Lock()
	defer o.mu.Unlock()
	if done := o.waiting[idOf(line)]; done != nil {
		delete(o.waiting, idOf(line))
		done <- result{err: why}
	}
}

// idOf returns the id of the event in a line.
func idOf(line []byte) event.ID {
	_, rest, _ := bytes.Cut(line, []byte(`"id":"`))
	text, _, _ := bytes.Cut(rest, []byte(`"`))
	id, err := event.ParseID(string(text))
	if err != nil {
		return event.ID{}
	}
	return id
}

// failing notes that the server does not take what there is.
func (o *outbox) failing(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stats.Failing.IsZero() {
		o.stats.Failing = time.Now()
		o.log.Warn("gatebook: events cannot be delivered, and wait", "error", err)
	}
	o.stats.Error = err.Error()
}

func (o *outbox) status() Status {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.stats
	waiting := o.store.count()
	s.Waiting = waiting + len(o.queue) + o.storing
	return s
}

// close waits until all is delivered, or until ctx ends.
func (o *outbox) close(ctx context.Context) error {
	o.mu.Lock()
	o.closing = true
	o.mu.Unlock()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil && o.status().Waiting > 0 {
		poke(o.written)
		poke(o.stored)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	o.stop()
	o.workers.Wait()
	left := o.status().Waiting
	err := o.store.close()
	if _, ok := o.store.(*memory); ok && left > 0 {
		err = errors.Join(err, fmt.Errorf("edge: %d events were not delivered and are lost: %w", left, ctx.Err()))
	}
	return err
}
