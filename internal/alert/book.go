package alert

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/live"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/state"
	"github.com/gatebook/gatebook/ledger"
)

// Appender records events. The recorder is one.
type Appender interface {
	// Append returns when e is durable, or with the reason why it will not be.
	Append(ctx context.Context, e *event.Event) (capture.Receipt, error)
}

// Config is what a [Book] is made of. What has no default is required.
type Config struct {
	DB       *state.DB
	Room     *reading.Room  // admits readers, and seals what they look at and decide
	Ledger   *ledger.Ledger // to see what was erased
	Appender Appender       // records what is decided here
	Findings *live.Store

	Rules    func() *detect.Set              // that run; nil: none do
	Inactive func() []string                 // names of rules that cannot find anything; nil: none
	Costs    func() map[string]time.Duration // what judging an event takes each rule; nil: not measured

	Deliver Deliver // nil: nobody hears of incidents
	Respond Respond // nil: what rules propose is only shown

	Console string           // URL of the console; empty: notices have no link
	Edge    string           // named on decisions
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: nothing is logged
}

// Book is what is known of findings and incidents. It is safe for concurrent
// use.
type Book struct {
	cfg Config

	mu     sync.Mutex // held by whoever changes incidents: one at a time
	pruned time.Time  // when old things were last deleted; guarded by mu

	tails     sync.Mutex // guards listening
	listening map[chan *Notice]bool
}

// ErrSlow is the error of a reader that cannot keep up with what it tails.
var ErrSlow = errors.New("the reader is too slow")

// New makes the tables if they are not there.
func New(ctx context.Context, cfg Config) (*Book, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := cfg.DB.Migrate(ctx, "incidents", steps...); err != nil {
		return nil, err
	}
	return &Book{cfg: cfg, listening: map[chan *Notice]bool{}}, nil
}

// Wanted says which findings are asked for. Zero values do not restrict.
type Wanted struct {
	Rule     string
	Level    string    // this one or a higher one
	From, To time.Time // of the event that completed it
	About    []string  // about one of these: values of the entity, but of none that comes from a payload
	All      bool      // also those that were superseded
	Newest   bool      // the newest first
	After    string    // Next of the page before
	Limit    int       // 0: 100
}

// Findings are findings in the order in which they were found.
type Findings struct {
	Findings []live.Kept `json:"findings"`
	Next     string      `json:"next,omitempty"` // for the page after this one; empty: this is the last
}

// maxPage bounds a page.
const maxPage = 1000

// Findings returns what detection found.
func (b *Book) Findings(ctx context.Context, who reading.Reader, w Wanted) (*Findings, error) {
	if err := b.cfg.Room.Admit(who, reading.ActAlerts); err != nil {
		return nil, err
	}
	sel := live.Selection{Rule: w.Rule, Level: w.Level, From: w.From, To: w.To, About: w.About, All: w.All, Newest: w.Newest, Limit: page(w.Limit) + 1}
	if w.After != "" {
		epoch, place, ok := strings.Cut(w.After, ".")
		var err, err2 error
		sel.Epoch, err = strconv.ParseUint(epoch, 10, 63)
		sel.Place, err2 = strconv.ParseUint(place, 10, 63)
		if !ok || err != nil || err2 != nil {
			return nil, fmt.Errorf("%w: after: %q is not the next of a page", reading.ErrArgument, w.After)
		}
	}
	list, err := b.cfg.Findings.List(ctx, sel)
	if err != nil {
		return nil, err
	}
	out := &Findings{Findings: list}
	if len(list) == sel.Limit {
		last := list[sel.Limit-2]
		out.Findings, out.Next = list[:sel.Limit-1], fmt.Sprintf("%d.%d", last.Epoch, last.Place)
	}
	for i := range out.Findings {
		if err := withhold(who, &out.Findings[i]); err != nil {
			return nil, err
		}
	}
	return out, b.looked(ctx, who, "findings", event.Fact{Name: "results", Value: strconv.Itoa(len(out.Findings))})
}

func page(limit int) int {
	if limit <= 0 {
		return 100
	}
	return min(limit, maxPage)
}

// looked seals that somebody is shown alerts.
func (b *Book) looked(ctx context.Context, who reading.Reader, name string, facts ...event.Fact) error {
	return b.cfg.Room.Looked(ctx, who, reading.ActAlerts, name, facts...)
}

// finding returns one finding, for a person to see.
func (b *Book) finding(ctx context.Context, who reading.Reader, id string) (*live.Kept, *detect.Finding, error) {
	k, err := b.cfg.Findings.Get(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, fmt.Errorf("finding %q: %w", id, ledger.ErrNotFound)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := withhold(who, k); err != nil {
		return nil, nil, err
	}
	f := new(detect.Finding)
	if err := json.Unmarshal(k.Finding, f); err != nil {
		return nil, nil, fmt.Errorf("finding %s: %w", id, err)
	}
	return k, f, nil
}

// withheld stands for a value that the reader may not see.
const withheld = "(withheld)"

// withhold takes out values of payloads, if the reader may not see those.
func withhold(who reading.Reader, k *live.Kept) error {
	if who.May(reading.ActPayload) == nil || !strings.Contains(string(k.Finding), "payload.") {
		return nil
	}
	var f detect.Finding
	if err := json.Unmarshal(k.Finding, &f); err != nil {
		return fmt.Errorf("a finding that is kept: %w", err)
	}
	for i, v := range f.Entity {
		if strings.HasPrefix(v.Field, "payload.") {
			f.Entity[i].Value = withheld
		}
	}
	for i, t := range f.Terms {
		if strings.Contains(t.Name, "payload.") {
			f.Terms[i].Value = withheld
		}
	}
	var err error
	k.Finding, err = json.Marshal(f)
	return err
}
