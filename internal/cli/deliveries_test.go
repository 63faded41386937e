package cli_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/state"
)

// accepts is a receiver that accepts everything; refuses accepts nothing.
type (
	accepts struct{}
	refuses struct{}
)

func (accepts) Send(context.Context, *deliver.Message) (string, error) { return "202 Accepted", nil }

func (refuses) Send(context.Context, *deliver.Message) (string, error) {
	return "", &egress.Error{Reason: "the receiver answered 400 Bad Request", Permanent: true, Answer: "invalid_payload \x1b[31m"}
}

// outbox holds two deliveries to each of two receivers. It sends nothing by
// itself but those that it had at the start.
func outbox(t testing.TB) *deliver.Outbox {
	db, err := state.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := deliver.New(context.Background(), deliver.Config{DB: db, Receivers: []deliver.Receiver{
		{Name: "siem", Kind: "webhook", Channel: accepts{}}, {Name: "chat", Kind: "slack", Channel: refuses{}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i, change := range []alert.Change{alert.Opened, alert.Closed} {
		n := &alert.Notice{ID: "n_" + string(change), Sequence: uint64(i + 1), Change: change, Incident: "inc_1", Title: "Mass read", Severity: "high", State: alert.Open}
		if err := db.Write(context.Background(), func(tx *sql.Tx) error { return o.Deliver(context.Background(), tx, n) }); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	for range 1000 {
		list, err := o.List(ctx, deliver.Filter{State: deliver.Pending})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return o
}
