package api

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"reflect"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// routes is the table of everything that the API answers.
func routes() []route {
	list := []route{
		get("/api/v1/search", "search", "Find events, or run a query with pipes over them.", search),
		get("/api/v1/events/{event}", "event", "One event by number or id, with its proof.", oneEvent),
		get("/api/v1/events/{event}/proof", "proof", "The proof that an event is in the ledger.", proof),
		stream[tailParams, TailItem]("/api/v1/tail", "tail", "text/event-stream", "New events as they are sealed, as server-sent events: event, problem, passed, or ping.", tail),
		get("/api/v1/events/{event}/looks", "looksAt", "Who looked at an event: each look that showed it.", looksAt),
		get("/api/v1/looks", "looksOf", "What a reader looked at.", looksOf),
		get("/api/v1/facets", "facets", "The most frequent values of fields.", facets),
		get("/api/v1/histogram", "histogram", "Events counted in steps of time.", histogram),
		get("/api/v1/stats", "stats", "Events counted by the values of fields.", stats),
		get("/api/v1/who", "who", "What a principal did.", who),
		stream[exportParams, reading.Record]("/api/v1/export", "export", "application/jsonl", "All matching events, oldest first, as JSON lines or CSV. The trailer Gatebook-Export is the summary.", export),
		{
			method: http.MethodGet, path: "/api/v1/evidence", id: "evidence", summary: "An evidence pack: one zip that proves the answer to a query, and that anyone can check alone.", media: "application/zip", heavy: true,
			params: reflect.TypeFor[evidenceParams](), handle: withParams(evidence),
		},
		get("/api/v1/fields", "fields", "The fields that events can be searched by.", fields),
		get("/api/v1/keys", "listKeys", "The API keys of the gateway.", listKeys),
		{
			method: http.MethodPost, path: "/api/v1/keys", id: "addKey", summary: "Make an API key. Its secret is in the answer and nowhere else.", status: http.StatusCreated,
			body: reflect.TypeFor[NewKey](), result: reflect.TypeFor[KeySecret](), handle: addKey,
		},
		{
			method: http.MethodDelete, path: "/api/v1/keys/{id}", id: "revokeKey", summary: "Revoke an API key.", params: reflect.TypeFor[keyParams](), status: http.StatusNoContent,
			handle: revokeKey,
		},
		{
			method: http.MethodPost, path: "/api/v1/verify", id: "verify", summary: "Verify the whole ledger: lines of progress, then the report.", media: "application/jsonl", stream: true,
			body: reflect.TypeFor[VerifyRequest](), result: reflect.TypeFor[VerifyItem](), handle: verify,
		},
		{
			method: http.MethodPost, path: "/api/v1/erase", id: "erase", summary: "Erase envelopes, or say what that would do: lines of progress, then the plan or the result. Needs the header Gatebook-Reason.", media: "application/jsonl", stream: true,
			body: reflect.TypeFor[EraseRequest](), result: reflect.TypeFor[EraseItem](), handle: erase,
		},
		get("/api/v1/holds", "listHolds", "The legal holds in force.", listHolds),
		{
			method: http.MethodPost, path: "/api/v1/holds", id: "addHold", summary: "Begin a legal hold: what it means is neither erased nor does it expire. Needs the header Gatebook-Reason.", status: http.StatusCreated,
			body: reflect.TypeFor[NewHold](), result: reflect.TypeFor[Hold](), heavy: true, handle: addHold,
		},
		{
			method: http.MethodDelete, path: "/api/v1/holds/{hold}", id: "releaseHold", summary: "End a legal hold. Needs the header Gatebook-Reason.", params: reflect.TypeFor[holdParams](),
			result: reflect.TypeFor[Hold](), handle: releaseHold,
		},
		get("/api/v1/retention", "retention", "What goes when, and what is on the disk.", retention),
		get("/api/v1/checkpoint", "checkpoint", "The newest signed checkpoint, and whose it is.", checkpointJSON),
		{method: http.MethodGet, path: "/api/v1/openapi.json", id: "openapi", summary: "This document.", handle: openAPI, public: true},
	}
	list = append(list, readerRoutes()...)
	list = append(list, measureRoutes()...)
	list = append(list, revocationRoutes()...)
	list = append(list, sessionRoutes()...)
	list = append(list, accountRoutes()...)
	list = append(list, oidcRoutes()...)
	list = append(list, objectRoutes()...)
	list = append(list, searchRoutes()...)
	list = append(list, templateRoutes()...)
	list = append(list, importRoutes()...)
	list = append(list, edgeRoutes()...)
	list = append(list, webhookRoutes()...)
	list = append(list, reportRoutes()...)
	list = append(list, inventoryRoutes()...)
	list = append(list, deliveryRoutes()...)
	list = append(list, alertRoutes()...)
	list = append(list, healthRoutes()...)
	list = append(list, setupRoutes()...)
	return append(list, tileRoutes()...)
}

// queryParams are the parameters of everything that takes a query.
type queryParams struct {
	Query string    `query:"query" doc:"LogsQL over the fields of /api/v1/fields. Empty: everything but look events, which are found only if the query names the field kind."`
	From  time.Time `query:"from" doc:"Events that arrived at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d."`
	To    time.Time `query:"to" doc:"Events that arrived before this time."`
}

func (p queryParams) reading() reading.Query {
	return reading.Query{LogsQL: p.Query, From: p.From, To: p.To}
}

type searchParams struct {
	queryParams
	Payload bool   `query:"payload" default:"true" doc:"Show payload envelopes, if the role does."`
	Limit   int    `query:"limit" default:"50" min:"1" max:"1000" doc:"Hits, or rows of a query with pipes."`
	Order   string `query:"order" default:"newest" oneof:"newest,oldest" doc:"Which come first."`
	Cursor  string `query:"cursor" doc:"The member next of the page before."`
}

func search(c *call, p searchParams) (*reading.Result, error) {
	c.reader.NoPayload = !p.Payload
	return c.cfg.Room.Search(c.r.Context(), c.reader, reading.Search{Query: p.reading(), Limit: p.Limit, Oldest: p.Order == "oldest", Cursor: p.Cursor})
}

type eventParams struct {
	Event string `path:"event" doc:"The event's number in the ledger, or its id."`
}

type viewParams struct {
	eventParams
	Payload bool `query:"payload" default:"true" doc:"Show the payload envelope, if the role does."`
}

func oneEvent(c *call, p viewParams) (*reading.Detail, error) {
	c.reader.NoPayload = !p.Payload
	return c.cfg.Room.Event(c.r.Context(), c.reader, p.Event)
}

func proof(c *call, p eventParams) (*reading.Proof, error) {
	return c.cfg.Room.Prove(c.r.Context(), c.reader, p.Event)
}

type facetParams struct {
	queryParams
	Fields []string `query:"fields" doc:"Names of fields, with commas. Empty: those that help most."`
	Limit  int      `query:"limit" default:"10" min:"1" max:"100" doc:"Values of each field."`
}

func facets(c *call, p facetParams) (*reading.Facets, error) {
	return c.cfg.Room.Facets(c.r.Context(), c.reader, p.reading(), p.Fields, p.Limit)
}

type histogramParams struct {
	queryParams
	Step time.Duration `query:"step" doc:"Length of a step, like 5m or 1d. Empty: about sixty steps."`
	By   string        `query:"by" doc:"Name of a field that divides each step."`
}

func histogram(c *call, p histogramParams) (*reading.Histogram, error) {
	return c.cfg.Room.Histogram(c.r.Context(), c.reader, p.reading(), p.Step, p.By)
}

type statsParams struct {
	queryParams
	By    []string `query:"by" doc:"Names of fields, with commas. Empty: one count of all."`
	Limit int      `query:"limit" default:"50" min:"1" max:"1000" doc:"Rows."`
}

func stats(c *call, p statsParams) (*reading.Stats, error) {
	return c.cfg.Room.Stats(c.r.Context(), c.reader, p.reading(), p.By, p.Limit)
}

type whoParams struct {
	Principal string    `query:"principal" doc:"Pseudonym, subject, e-mail, name, client, key id, or fingerprint of a credential."`
	From      time.Time `query:"from" doc:"As for search."`
	To        time.Time `query:"to" doc:"As for search."`
}

func who(c *call, p whoParams) (*reading.Person, error) {
	return c.cfg.Room.Who(c.r.Context(), c.reader, p.Principal, reading.Query{From: p.From, To: p.To})
}

// Field is a searchable field, as the registry has it.
type Field struct {
	Name     string `json:"name"`
	Type     string `json:"type"`     // string, number, time, duration (nanoseconds), text
	Part     string `json:"part"`     // header, or the envelope: who, what, payload
	Personal bool   `json:"personal"` // about a person, and can be erased
	List     bool   `json:"list"`     // can have several values
	Doc      string `json:"doc"`
}

func fields(*call, none) ([]Field, error) {
	var list []Field
	for _, f := range event.Fields() {
		list = append(list, Field{f.Name, string(f.Type), f.Part, f.Personal, f.List, f.Doc})
	}
	return list, nil
}

// Checkpoint is the newest signed state of the ledger.
type Checkpoint struct {
	Origin string `json:"origin"` // names the ledger
	Size   uint64 `json:"size"`   // records
	Root   string `json:"root"`   // of the tree, hex
	Signed string `json:"signed"` // C2SP tlog-checkpoint
	Key    string `json:"key"`    // public key that the ledger names

	Cosigned *Cosigned `json:"cosigned,omitempty"` // the newest that witnesses cosigned; absent: none did
}

// Cosigned is a state of the ledger that witnesses vouch for.
type Cosigned struct {
	Size  uint64    `json:"size"`  // records
	At    time.Time `json:"at"`    // as the last of them says
	Names []string  `json:"names"` // who has signed, the ledger itself first
}

func checkpointJSON(c *call, _ none) (*Checkpoint, error) {
	cp, signed, err := c.cfg.Room.Checkpoint()
	if err != nil {
		return nil, err
	}
	out := &Checkpoint{Origin: cp.Origin, Size: cp.Size, Root: fmt.Sprintf("%x", cp.Root[:]), Signed: string(signed), Key: c.cfg.Room.Key()}
	switch w, cosigned, err := c.cfg.Room.Witnessed(); {
	case err == nil:
		out.Cosigned = &Cosigned{w.Size, ledger.ClaimedTime(cosigned), signers(cosigned)}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return out, nil
}
