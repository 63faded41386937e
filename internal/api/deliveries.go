package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// Deliveries is where alerts go, as the API shows it. It is safe for concurrent
// use.
type Deliveries interface {
	// Status returns how the receivers are.
	Status(ctx context.Context) ([]deliver.Status, error)
	// List returns deliveries, the newest first.
	List(ctx context.Context, f deliver.Filter) ([]deliver.Delivery, error)
	// Retry makes a dead delivery pending again: [deliver.ErrUnknown],
	// [deliver.ErrNotDead].
	Retry(ctx context.Context, id int64) error
	// Test sends a message to a receiver at once and returns what it said. One
	// that is not there is [deliver.ErrUnknown].
	Test(ctx context.Context, receiver string) (string, error)
}

// ReceiverTest is how a test message fared.
type ReceiverTest struct {
	OK     bool   `json:"ok"`               // the receiver accepted it
	Answer string `json:"answer,omitempty"` // what the receiver said
	Error  string `json:"error,omitempty"`  // why it was not accepted
}

func deliveryRoutes() []route {
	return []route{
		get("/api/v1/alerts/receivers", "listReceivers", "The receivers of alerts, and how they are.", listReceivers),
		get("/api/v1/alerts/deliveries", "listDeliveries", "What was sent to the receivers of alerts, what waits, and what was given up; the newest first.", listDeliveries),
		{
			method: http.MethodPost, path: "/api/v1/alerts/deliveries/{id}/retry", id: "retryDelivery", summary: "Try a delivery again that was given up.", params: reflect.TypeFor[deliveryParams](),
			status: http.StatusNoContent, handle: withParams(retryDelivery),
		},
		{
			method: http.MethodPost, path: "/api/v1/alerts/receivers/{name}/test", id: "testReceiver", summary: "Send a test message to a receiver, and say how it fared.", params: reflect.TypeFor[receiverParams](),
			result: reflect.TypeFor[ReceiverTest](), heavy: true, handle: withParams(testReceiver),
		},
	}
}

// deliveries returns where alerts go, to who may do a.
func (c *call) deliveries(a reading.Action) (Deliveries, error) {
	if err := c.cfg.Room.Admit(c.reader, a); err != nil {
		return nil, err
	}
	if c.cfg.Deliveries == nil {
		return nil, &Problem{Status: http.StatusNotImplemented, Type: "alerts", Detail: "alerts are not delivered here"}
	}
	return c.cfg.Deliveries, nil
}

func listReceivers(c *call, _ none) ([]deliver.Status, error) {
	d, err := c.deliveries(reading.ActDeliveries)
	if err != nil {
		return nil, err
	}
	if err := c.cfg.Room.Looked(c.r.Context(), c.reader, reading.ActDeliveries, "list-receivers"); err != nil {
		return nil, err
	}
	return d.Status(c.r.Context())
}

type deliveriesParams struct {
	State    string `query:"state" oneof:"pending,delivered,dead" doc:"Only those in this state."`
	Receiver string `query:"receiver" doc:"Only those to this receiver."`
	Incident string `query:"incident" doc:"Only those about this incident."`
	Before   int    `query:"before" min:"0" max:"2147483647" doc:"Only those with a lower id."`
	Limit    int    `query:"limit" default:"100" min:"1" max:"1000" doc:"Deliveries."`
}

func listDeliveries(c *call, p deliveriesParams) ([]deliver.Delivery, error) {
	d, err := c.deliveries(reading.ActDeliveries)
	if err != nil {
		return nil, err
	}
	if err := c.cfg.Room.Looked(c.r.Context(), c.reader, reading.ActDeliveries, "list-deliveries"); err != nil {
		return nil, err
	}
	return d.List(c.r.Context(), deliver.Filter{State: deliver.State(p.State), Receiver: p.Receiver, Incident: p.Incident, Before: int64(p.Before), Limit: p.Limit})
}

type deliveryParams struct {
	ID string `path:"id" doc:"The delivery's number."`
}

func retryDelivery(c *call, p deliveryParams) error {
	d, err := c.deliveries(reading.ActDeliver)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(p.ID, 10, 64)
	if err != nil || id <= 0 {
		return argument("id", "is not the number of a delivery")
	}
	if err := c.cfg.Room.Decide(c.r.Context(), c.reader, reading.ActDeliver, "delivery-retried", []event.Object{{Type: "delivery", ID: strconv.FormatInt(id, 10)}}); err != nil {
		return err
	}
	switch err := d.Retry(c.r.Context(), id); {
	case errors.Is(err, deliver.ErrUnknown):
		return fmt.Errorf("delivery %d: %w", id, ledger.ErrNotFound)
	case errors.Is(err, deliver.ErrNotDead):
		return &Problem{Status: http.StatusConflict, Type: "state", Detail: err.Error()}
	case err != nil:
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

type receiverParams struct {
	Name string `path:"name" doc:"The receiver's name."`
}

func testReceiver(c *call, p receiverParams) error {
	d, err := c.deliveries(reading.ActDeliver)
	if err != nil {
		return err
	}
	list, err := d.Status(c.r.Context())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(s deliver.Status) bool { return s.Name == p.Name }) {
		return fmt.Errorf("receiver %s: %w", clip(p.Name, 60), ledger.ErrNotFound)
	}
	if err := c.cfg.Room.Decide(c.r.Context(), c.reader, reading.ActDeliver, "receiver-tested", []event.Object{{Type: "receiver", ID: p.Name}}); err != nil {
		return err
	}
	answer, err := d.Test(c.r.Context(), p.Name)
	out := ReceiverTest{OK: err == nil, Answer: answer}
	if e := egress.Wrap(err); e != nil {
		out.Answer, out.Error = e.Answer, e.Reason
	}
	return c.json(http.StatusOK, out)
}
