package alert_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/test/readingtest"
)

const customerRead = `title: A customer was read
id: 00000000-0000-4000-8000-000000000001
name: customer-read
logsource: {category: access}
detection:
  read: {what.path|startswith: /customers/}
  condition: read
dedup: {timespan: 1m}
`

// TestBacktest tries a text on 20 calls of mallory and one of bob.
func TestBacktest(t *testing.T) {
	h := open(t)
	h.Put(readingtest.Call(start.Add(time.Hour/2), "bob", "GET", "/customers/1", 200), readingtest.Call(start.Add(time.Hour/2), "bob", "GET", "/orders/1", 200))
	try := func(ctx context.Context, who reading.Reader, b alert.Backtest) (findings int, res *alert.TriedResult, err error) {
		err = h.book.Backtest(ctx, who, b, func(item *alert.Tried) error {
			switch {
			case item.Finding != nil:
				findings++
			case item.Result != nil:
				res = item.Result
			}
			return nil
		})
		return findings, res, err
	}
	n, res, err := try(t.Context(), ada, alert.Backtest{Text: customerRead, Query: reading.Query{LogsQL: "kind:=access"}})
	if err != nil || n != 21 || res == nil || res.Findings != 21 || res.Events != 22 || res.Entities != 2 || !res.Complete {
		t.Fatalf("got %d findings, %+v, %v; want 21 about 2 in 22 events", n, res, err)
	}
	if a := res.About[0]; a.Count != 20 || res.About[1].Count != 1 {
		t.Errorf("about %+v, want the one with most first", res.About)
	}
	n, _, err = try(t.Context(), ada, alert.Backtest{Text: customerRead, Query: reading.Query{LogsQL: "who.subject:=bob"}})
	if err != nil || n != 1 {
		t.Errorf("of bob alone: got %d, %v; want 1", n, err)
	}

	// What is no rule says so, with the line; who may not export may not try.
	var wrong detect.Problems
	if _, _, err = try(t.Context(), ada, alert.Backtest{Text: strings.Replace(customerRead, "condition: read", "condition: write", 1)}); !errors.As(err, &wrong) || wrong[0].Line != 7 {
		t.Errorf("no rule: got %v, want what is wrong in line 7", err)
	}
	if _, _, err = try(t.Context(), vera, alert.Backtest{Text: customerRead}); !errors.Is(err, reading.ErrForbidden) {
		t.Errorf("as a viewer: got %v, want %v", err, reading.ErrForbidden)
	}
	if _, _, err = try(t.Context(), ada, alert.Backtest{}); !errors.Is(err, reading.ErrArgument) {
		t.Errorf("nothing to try: got %v, want %v", err, reading.ErrArgument)
	}
	two := customerRead + "---\n" + strings.NewReplacer("customer-read", "other", "00000001", "00000002").Replace(customerRead)
	if _, _, err = try(t.Context(), ada, alert.Backtest{Text: two}); !errors.Is(err, reading.ErrArgument) {
		t.Errorf("two rules and no name: got %v, want %v", err, reading.ErrArgument)
	}
	if n, _, err = try(t.Context(), ada, alert.Backtest{Text: two, Rule: "other"}); err != nil || n != 21 {
		t.Errorf("one of two: got %d, %v; want 21", n, err)
	}

	// It can be ended, and was a look each time.
	ctx, cancel := context.WithCancel(t.Context())
	err = h.book.Backtest(ctx, ada, alert.Backtest{Text: customerRead}, func(*alert.Tried) error {
		cancel()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended: got %v, want %v", err, context.Canceled)
	}
	looks, err := h.Room.Search(t.Context(), boss, reading.Search{Query: reading.Query{LogsQL: "kind:=look note.name:=export"}})
	if err != nil || len(looks.Hits) != 4 {
		t.Errorf("sealed as looks: got %d, %v; want the four that began", len(looks.Hits), err)
	}
}
