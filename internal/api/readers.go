package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/delivery"
	"github.com/gatebook/gatebook/internal/reading"
)

// Errors of tokens that were valid once.
var (
	ErrRevoked = errors.New("the token was revoked")
	ErrExpired = errors.New("the token has expired")
)

// Readers keeps the tokens of people and tools who may read the record, beside
// those of the configuration. It is safe for concurrent use. Errors are of the
// kinds that [Keys] has.
type Readers interface {
	// Find returns the reader that a token stands for, with Name, Role and
	// KeyID; with [ErrRevoked] or [ErrExpired] KeyID only.
	Find(token string) (reading.Reader, error)
	// List returns all readers, revoked ones too, oldest first.
	List(ctx context.Context) ([]Reader, error)
	// Add makes a token and returns it; it is kept nowhere.
	Add(ctx context.Context, r NewReader) (ReaderToken, error)
	// Revoke ends a token at once.
	Revoke(ctx context.Context, id string) error
}

// Reader is a token without its secret.
type Reader struct {
	ID      string    `json:"id"`   // public id, as in credential.key_id of looks
	Name    string    `json:"name"` // of who looks; who.subject of looks
	Role    string    `json:"role"` // viewer, investigator, auditor, administrator, edge or sender
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`   // absent: never
	Revoked time.Time `json:"revoked,omitzero"`   // absent: it is not
	Used    time.Time `json:"last_used,omitzero"` // about a minute behind; absent: never
}

// NewReader asks for a token.
type NewReader struct {
	Name    string    `json:"name"`             // of one person or tool; required
	Role    string    `json:"role"`             // viewer, investigator, auditor, administrator, edge or sender; required
	Expires time.Time `json:"expires,omitzero"` // absent: never
}

// ReaderToken is a new token.
type ReaderToken struct {
	Reader Reader `json:"reader"`
	Token  string `json:"token"` // shown once
}

// readerRoutes are the endpoints about readers.
func readerRoutes() []route {
	return []route{
		get("/api/v1/readers", "listReaders", "Who may read the record: the named tokens of the operations listener.", listReaders),
		{
			method: http.MethodPost, path: "/api/v1/readers", id: "addReader", summary: "Make a reader's token. It is in the answer and nowhere else.", status: http.StatusCreated,
			body: reflect.TypeFor[NewReader](), result: reflect.TypeFor[ReaderToken](), handle: addReader,
		},
		{
			method: http.MethodDelete, path: "/api/v1/readers/{id}", id: "revokeReader", summary: "Revoke a reader's token.", params: reflect.TypeFor[readerParams](), status: http.StatusNoContent,
			handle: revokeReader,
		},
	}
}

func (c *call) readersErr(a reading.Action) error {
	if err := c.cfg.Room.Admit(c.reader, a); err != nil {
		return err
	}
	if c.cfg.Readers == nil {
		return &Problem{Status: http.StatusNotImplemented, Type: "readers", Detail: "readers cannot be managed here"}
	}
	return nil
}

func listReaders(c *call, _ none) ([]Reader, error) {
	if err := c.readersErr(reading.ActListKeys); err != nil {
		return nil, err
	}
	list, err := c.cfg.Readers.List(c.r.Context())
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []Reader{}
	}
	return list, c.cfg.Room.Looked(c.r.Context(), c.reader, reading.ActListKeys, "list-readers")
}

func addReader(c *call) error {
	if err := c.readersErr(reading.ActReaders); err != nil {
		return err
	}
	var n NewReader
	if err := c.body(&n); err != nil {
		return err
	}
	n.Name = strings.TrimSpace(n.Name)
	if n.Name == "" || len(n.Name) > 128 {
		return argument("name", "is missing or longer than 128 bytes: name the one person or tool who will use the token")
	}
	if n.Name == "administrator" {
		return argument("name", "is that of the token in the data directory: use the name of a person or tool")
	}
	if !slices.Contains(reading.TokenRoles, reading.Role(n.Role)) {
		return argument("role", "must be viewer, investigator, auditor, administrator, edge or sender")
	}
	if n.Role == string(reading.Edge) && strings.Contains(n.Name, delivery.EdgeSeparator) {
		return argument("name", "of an edge has no "+delivery.EdgeSeparator+": what follows it tells the processes of one edge apart")
	}
	if n.Role == string(reading.Sender) && !ingest.IsSource(n.Name) {
		return argument("name", "of a sender becomes the source of what is sent: want letters, digits, points, hyphens and underscores, at most 64")
	}
	ctx, about := c.r.Context(), []event.Object{{Type: "reader", ID: n.Name}}
	if err := c.cfg.Room.Decide(ctx, c.reader, reading.ActReaders, "reader-added", about, event.Fact{Name: "granted", Value: n.Role}); err != nil {
		return err
	}
	made, err := c.cfg.Readers.Add(ctx, n)
	if err != nil {
		return errors.Join(err, c.cfg.Room.Decide(ctx, c.reader, reading.ActReaders, "reader-not-added", about))
	}
	return c.json(http.StatusCreated, made)
}

type readerParams struct {
	ID string `path:"id" doc:"Public id of the token."`
}

func revokeReader(c *call) error {
	if err := c.readersErr(reading.ActReaders); err != nil {
		return err
	}
	var p readerParams
	if err := c.decode(&p); err != nil {
		return err
	}
	about := []event.Object{{Type: "reader-token", ID: clip(p.ID, 100)}}
	if err := c.cfg.Room.Decide(c.r.Context(), c.reader, reading.ActReaders, "reader-revoked", about); err != nil {
		return err
	}
	if err := c.cfg.Readers.Revoke(c.r.Context(), p.ID); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func looksAt(c *call, p eventParams) (*reading.Looks, error) {
	return c.cfg.Room.LooksAt(c.r.Context(), c.reader, p.Event)
}

type looksParams struct {
	Reader string    `query:"reader" doc:"Who looked: the name of their token, its public id, or a pseudonym."`
	From   time.Time `query:"from" doc:"Looks at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d."`
	To     time.Time `query:"to" doc:"Looks before this time."`
}

func looksOf(c *call, p looksParams) (*reading.Looks, error) {
	return c.cfg.Room.LooksOf(c.r.Context(), c.reader, p.Reader, reading.Query{From: p.From, To: p.To})
}
