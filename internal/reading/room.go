package reading

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/catalog"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/objects"
	"github.com/gatebook/gatebook/ledger"
)

// Index finds events by their content. [index.Client] is one. It is safe for
// concurrent use. Its answers are hints: the room checks each number against
// the ledger. Errors wrap [index.ErrUnavailable] if it does not answer, and are
// an [index.QueryError] if the query is wrong.
type Index interface {
	// Search returns the hits, sorted by time and then by number.
	Search(ctx context.Context, q index.Query) ([]index.Hit, error)
	// Run answers a query that may have pipes, row by row.
	Run(ctx context.Context, q index.Query, yield func([]index.Field) error) error
	// Histogram counts events in steps of time, divided by a field if one is given.
	Histogram(ctx context.Context, q index.Query, step time.Duration, by string) ([]index.Bucket, error)
	// Facets returns the most frequent values of each of the fields.
	Facets(ctx context.Context, q index.Query, limit int, fields ...string) ([]index.Facet, error)
}

// IndexStatus is the state of an index. The zero value is an index that is up
// and empty.
type IndexStatus struct {
	Indexed   uint64    // the records before this number can be found; a record that was added but is not searchable yet does not count
	Life      uint64    // counts its starts; what it answers in another life than this one may miss records before Indexed
	Repairing bool      // records before Indexed may be missing
	Down      time.Time // since when it does not answer; zero: it is up
	Reason    string    // why it is down
}

// ErrIndex is the error of what only the index can answer, while it is down.
var ErrIndex = errors.New("the search index is not available")

// Feed tells of new records. The recorder is one.
type Feed interface {
	// Size returns the number of durable records.
	Size() uint64
	// Wait returns when there are more than size records, with their number,
	// or when ctx ends, with its error.
	Wait(ctx context.Context, size uint64) (uint64, error)
}

// Appender records events. The recorder is one.
type Appender interface {
	// Append returns when e is durable, or with the reason why it will not be.
	Append(ctx context.Context, e *event.Event) (capture.Receipt, error)
}

// Config is what a room is made of. What has no default is required.
type Config struct {
	Ledger    *ledger.Ledger
	Files     fs.FS                       // the ledger's files, for verification
	Keys      ledger.Keys                 // of encrypted envelopes, for verification; nil: none
	Index     Index                       // nil: there is no index
	Status    func() IndexStatus          // of Index; must not wait. Required with Index
	Feed      Feed                        // tells of new records
	Appender  Appender                    // records the looks
	Objects   *objects.View               // which calls touched which objects; nil: there is none
	Catalog   *catalog.Catalog            // the inventory; nil: there is none
	Documents func() []catalog.Documented // what descriptions of the APIs say; nil: there are none
	Edge      string                      // named on look events; may be empty
	Pseudonym func(issuer, subject string) string
	Redact    func(text string) string // takes credentials out of what readers wrote; nil: nothing
	Now       func() time.Time         // nil: time.Now
	ScanLimit uint64                   // records that one search may scan in the ledger; 50,000

	// Removal returns the sealed decision by which the envelope of class c of
	// record n may be missing, nil if there is none. Nil: nothing is said of
	// why envelopes are missing.
	Removal func(c event.Class, n uint64, day, route string) *ledger.Removal
	// Removing reports whether envelopes are decided to go that may still be in
	// the index. Nil: never.
	Removing func() bool
	// IndexKeeps says that the index cannot be made to forget what was erased.
	IndexKeeps bool

	// RequireReason lists what is only done for a reader who says why. With
	// [ActPayload] payloads are withheld from who does not.
	RequireReason []Action
}

// Room is the door to the record. It is safe for concurrent use.
type Room struct {
	cfg       Config
	verifying sync.Mutex    // held by the one verification that may run
	packing   chan struct{} // a slot for each evidence pack that may be made at a time
	refusals  refusals
	tiles     tileLooks
	reports   chan struct{} // a slot for each that may be made at a time
}

// New returns a room.
func New(cfg Config) *Room {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Redact == nil {
		cfg.Redact = func(text string) string { return text }
	}
	cfg.ScanLimit = cmp.Or(cfg.ScanLimit, 50_000)
	if cfg.Index == nil {
		since := cfg.Now()
		cfg.Status = func() IndexStatus { return IndexStatus{Down: since, Reason: "there is none"} }
	}
	return &Room{cfg: cfg, reports: make(chan struct{}, maxReports), packing: make(chan struct{}, maxPacking)}
}

// Reasons returns the names of the actions that are only done for who says why.
func (r *Room) Reasons() []string {
	list := []string{}
	for _, a := range r.cfg.RequireReason {
		list = append(list, string(a))
	}
	return list
}

// ErrNotRecorded is the error of an answer that is refused because the look
// could not be recorded. The error that wraps it says why.
var ErrNotRecorded = errors.New("the answer is refused, because this look could not be recorded")

// issuer vouches for readers.
const issuer = "gatebook"

// look records that the reader looked, before the answer is handed out.
func (r *Room) look(ctx context.Context, who Reader, name Action, query string, objects []event.Object, facts ...event.Fact) error {
	return r.record(ctx, who, event.Look, string(name), query, objects, facts)
}

// Decide records what a reader is about to do, such as revoking a key, as a
// decision event. What could not be recorded must not be done. objects may be
// personal, facts must not be.
func (r *Room) Decide(ctx context.Context, who Reader, a Action, name string, objects []event.Object, facts ...event.Fact) error {
	if _, err := r.admit(who, a); err != nil {
		return err
	}
	return r.record(ctx, who, event.Decision, name, "", objects, facts)
}

// Looked records that a reader is about to see what is not of the record
// itself, such as the list of keys. What could not be recorded must not be
// shown.
func (r *Room) Looked(ctx context.Context, who Reader, a Action, name string, facts ...event.Fact) error {
	if _, err := r.admit(who, a); err != nil {
		return err
	}
	return r.record(ctx, who, event.Look, name, "", nil, facts)
}

// DecideAt is [Room.Decide] with a query, which may be personal, too. It
// returns the number of the event.
func (r *Room) DecideAt(ctx context.Context, who Reader, a Action, name, query string, objects []event.Object, facts ...event.Fact) (uint64, error) {
	if _, err := r.admit(who, a); err != nil {
		return 0, err
	}
	receipt, err := r.seal(ctx, who, event.Decision, name, query, objects, facts)
	return receipt.Number, err
}

// Redact returns a text as it is sealed: without what looks like a credential.
func (r *Room) Redact(text string) string { return r.cfg.Redact(text) }

// Pseudonym returns the pseudonym of a reader in the record.
func (r *Room) Pseudonym(name string) string { return r.cfg.Pseudonym(issuer, name) }

func (r *Room) record(ctx context.Context, who Reader, kind event.Kind, name, query string, objects []event.Object, facts []event.Fact) error {
	_, err := r.seal(ctx, who, kind, name, query, objects, facts)
	return err
}

// seal is record, and returns the receipt.
func (r *Room) seal(ctx context.Context, who Reader, kind event.Kind, name, query string, objects []event.Object, facts []event.Fact) (capture.Receipt, error) {
	now := r.cfg.Now().UTC()
	var random [8]byte
	rand.Read(random[:])
	if who.Tool != "" {
		facts = append(facts, event.Fact{Name: "tool", Value: clip(who.Tool, 40)})
	}
	if who.Reason != "" {
		// Free text can be personal, and so is not a fact.
		objects = append(objects, event.Object{Type: "reason", ID: clip(r.cfg.Redact(who.Reason), 500)})
	}
	objects = slices.Clone(objects)
	for i := range objects {
		objects[i].ID = r.cfg.Redact(objects[i].ID)
	}
	principal := event.Principal{Kind: event.Unknown, Level: event.LevelNone, Reason: "token-unknown"}
	if who.Name != "" {
		principal = event.Principal{
			Kind: event.User, ID: r.cfg.Pseudonym(issuer, who.Name), Issuer: issuer, Level: event.LevelVerified, Reason: "token-matched",
		}
		if who.Role != "" {
			facts = append(facts, event.Fact{Name: "role", Value: string(who.Role)})
		}
	}
	method := "bearer"
	if who.Session {
		method, principal.Reason = "session", "session-matched"
		if who.Name == "" {
			principal.Reason = "session-unknown"
		}
	}
	slices.SortFunc(facts, func(a, b event.Fact) int { return strings.Compare(a.Name, b.Name) })
	e := &event.Event{
		Header: event.Header{
			ID: event.NewID(now, random), Kind: kind, Arrived: now, Completed: now, Edge: r.cfg.Edge,
			Capture:    event.Capture{Method: "self", Source: "reading", Durability: "recorded"},
			Principal:  principal,
			Credential: event.Credential{Method: method, KeyID: who.KeyID},
			Note:       &event.Note{Name: name, Facts: facts},
		},
		Who:  &event.Who{Subject: clip(who.Name, 256), Address: who.Address, UserAgent: clip(who.Agent, 256)},
		What: &event.What{Query: clip(r.cfg.Redact(query), maxQuery), Objects: objects},
	}
	receipt, err := r.cfg.Appender.Append(ctx, e)
	if err != nil {
		return receipt, fmt.Errorf("%w: %w", ErrNotRecorded, err)
	}
	return receipt, nil
}

// sealed returns the number of records that can be read, after looking for new
// ones. What the ledger's files already hold of a commit under way does not
// count: it is not durable yet.
func (r *Room) sealed() (uint64, error) {
	size := r.cfg.Feed.Size()
	if r.cfg.Ledger.Size() < size {
		if err := r.cfg.Ledger.Refresh(); err != nil {
			return 0, err
		}
	}
	return min(r.cfg.Ledger.Size(), size), nil
}

// clip returns s cut to n bytes of valid UTF-8.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
