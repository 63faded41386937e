package traffic

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// watcher is a person's open browser tab: it follows a live feed for a minute
// or so, goes, and comes back.
type watcher struct {
	of    *actor // whose token and address it uses
	watch func(w *watcher, ctx context.Context) error
	rand  *rand.Rand
}

// watchers opens bob's order feed and alice's notifications.
func watchers(actors []*actor, seed uint64) []*watcher {
	var out []*watcher
	for _, a := range actors {
		r := rand.New(rand.NewPCG(seed, 1+nameNumber(a.name)))
		switch a.name {
		case "bob":
			out = append(out, &watcher{of: a, watch: (*watcher).feed, rand: r})
		case "alice":
			out = append(out, &watcher{of: a, watch: (*watcher).socket, rand: r})
		}
	}
	return out
}

// run watches until the context ends.
func (w *watcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		one, cancel := context.WithTimeout(ctx, time.Duration(20+w.rand.IntN(60))*time.Second)
		err := w.watch(w, one)
		if err != nil && one.Err() == nil {
			w.of.counts.failed(ctx)
		}
		cancel()
		select {
		case <-time.After(time.Duration(1+w.rand.IntN(4)) * time.Second):
		case <-ctx.Done():
		}
	}
}

// feed follows the server-sent events until the context or the server ends
// it. The client has no time-out of its own here.
func (w *watcher) feed(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.of.target+"/v1/events/orders", nil)
	if err != nil {
		return err
	}
	if !w.of.authorize(ctx, req, "") {
		return nil // counted already
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := w.client().Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	w.of.counts.add(w.of.kind, resp.StatusCode)
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// client is the person's, without its time-out.
func (w *watcher) client() *http.Client { return &http.Client{Transport: w.of.client.Transport} }

// socket sends a message every few seconds and reads what comes.
func (w *watcher) socket(ctx context.Context) error {
	shell, err := http.NewRequestWithContext(ctx, http.MethodGet, w.of.target+"/v1/notifications", nil)
	if err != nil {
		return err
	}
	if !w.of.authorize(ctx, shell, "") {
		return nil // counted already
	}
	conn, resp, err := websocket.Dial(ctx, shell.URL.String(),
		&websocket.DialOptions{HTTPClient: w.client(), HTTPHeader: shell.Header})
	if resp != nil {
		w.of.counts.add(w.of.kind, resp.StatusCode)
	}
	if err != nil {
		if resp != nil {
			return nil // refused, and counted
		}
		return err
	}
	defer conn.CloseNow()
	read := make(chan error, 1)
	go func() {
		for {
			var v any
			if err := wsjson.Read(ctx, conn, &v); err != nil {
				read <- err
				return
			}
		}
	}()
	for n := 0; ; n++ {
		select {
		case <-time.After(time.Duration(2+w.rand.IntN(5)) * time.Second):
			if err := wsjson.Write(ctx, conn, map[string]int{"seen": n}); err != nil {
				<-read
				return err
			}
		case err := <-read:
			if ctx.Err() != nil || errors.Is(err, io.EOF) || websocket.CloseStatus(err) != -1 {
				return nil
			}
			return err
		}
	}
}
