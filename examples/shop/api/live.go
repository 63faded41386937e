package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// heartbeat keeps idle connections open through proxies.
const heartbeat = 15 * time.Second

// followOrders sends order events as they happen. A client that reconnects
// with Last-Event-ID gets those it missed, as far as they are remembered.
func (s *Server) followOrders(w http.ResponseWriter, r *http.Request) error {
	var after uint64
	if v := r.Header.Get("Last-Event-ID"); v != "" {
		var err error
		if after, err = strconv.ParseUint(v, 10, 64); err != nil {
			return badRequest("Last-Event-ID: want the number of an event")
		}
	}
	missed, events, cancel := s.store.Subscribe(after)
	defer cancel()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	flusher := http.NewResponseController(w)
	_, err := fmt.Fprint(w, "retry: 2000\n\n")
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for err == nil {
		if len(missed) > 0 {
			e := missed[0]
			missed = missed[1:]
			data, jsonErr := json.Marshal(e.Order)
			if jsonErr != nil {
				return nil // the answer has begun: all that is left is to end it
			}
			_, err = fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", e.Number, e.Type, data)
			continue
		}
		if err = flusher.Flush(); err != nil {
			break
		}
		select {
		case e, ok := <-events:
			if !ok {
				return nil // too slow: the client reconnects
			}
			missed = append(missed, e)
		case <-tick.C:
			_, err = fmt.Fprint(w, ": still here\n\n")
		case <-r.Context().Done():
			return nil
		case <-s.done:
			return nil
		}
	}
	return nil
}

// message is what goes over the WebSocket, both ways.
type message struct {
	Type string `json:"type"` // echo, or the type of an order event
	Data any    `json:"data,omitempty"`
}

// notifications echoes each message and tells of order events.
func (s *Server) notifications(w http.ResponseWriter, r *http.Request) error {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return nil // Accept has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(64 << 10)
	ctx, cancel := context.WithCancel(r.Context())
	_, events, unsubscribe := s.store.Subscribe(0)
	defer unsubscribe()

	echoes := make(chan any)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer cancel()
		for {
			var v any
			if wsjson.Read(ctx, conn, &v) != nil {
				return // closed, or not JSON: wsjson has told the client
			}
			select {
			case echoes <- v:
			case <-ctx.Done():
				return
			}
		}
	}()
	for err == nil {
		select {
		case v := <-echoes:
			err = wsjson.Write(ctx, conn, message{"echo", v})
		case e, ok := <-events:
			if !ok {
				conn.Close(websocket.StatusTryAgainLater, "too slow")
				err = context.Canceled
				break
			}
			err = wsjson.Write(ctx, conn, message{e.Type, e.Order})
		case <-s.done:
			conn.Close(websocket.StatusGoingAway, "the shop closes")
			err = context.Canceled
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	cancel()
	<-read
	return nil
}
