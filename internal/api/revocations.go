package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/internal/revoke"
)

// NewRevocation asks for access to be taken back at a provider: of an account,
// or of a token.
type NewRevocation struct {
	Provider    string `json:"provider,omitempty"`    // its name in the configuration; absent: the only one that can be asked for that
	User        string `json:"user,omitempty"`        // the account to deactivate, as the provider names it
	Token       string `json:"token,omitempty"`       // the token to revoke; it is kept nowhere
	TokenType   string `json:"token_type,omitempty"`  // access_token or refresh_token; absent: not known
	Fingerprint string `json:"fingerprint,omitempty"` // of a token, as events have it, for a provider that is not shown tokens
	Incident    string `json:"incident,omitempty"`    // what it is about
	Again       bool   `json:"again,omitempty"`       // although it was done already
	Propose     bool   `json:"propose,omitempty"`     // of an account: only propose it, for somebody else to approve
}

// revocationRoutes are the endpoints about what is taken back at providers.
func revocationRoutes() []route {
	post := func(path, id, summary string, handle func(*call) error) route {
		return route{method: http.MethodPost, path: path, id: id, summary: summary, params: reflect.TypeFor[revocationParams](), result: reflect.TypeFor[revoke.Revocation](), heavy: true, handle: handle}
	}
	return []route{
		get("/api/v1/revocations", "listRevocations", "What was taken back at providers in the last 90 days, what waits, and what failed; the newest first.", listRevocations),
		get("/api/v1/revocations/{revocation}", "revocation", "One revocation.", oneRevocation),
		get("/api/v1/revocations/providers", "listProviders", "The providers at which access can be taken back, and how they are.", listProviders),
		{
			method: http.MethodPost, path: "/api/v1/revocations", id: "addRevocation", summary: "Deactivate an account at a provider, or revoke a token at its issuer. It is sealed first. Where a second person must approve, and by those who may only propose, it is proposed; else the answer waits a moment for the provider, and the state says how far it is. Needs the header Gatebook-Reason.", status: http.StatusCreated,
			body: reflect.TypeFor[NewRevocation](), result: reflect.TypeFor[revoke.Revocation](), heavy: true, handle: addRevocation,
		},
		post("/api/v1/revocations/{revocation}/approve", "approveRevocation", "Have a proposal of somebody else sent to its provider. Needs the header Gatebook-Reason.", onRevocation((*revoke.Desk).Approve)),
		post("/api/v1/revocations/{revocation}/reject", "rejectRevocation", "End a proposal, or take back one's own. Needs the header Gatebook-Reason.", onRevocation((*revoke.Desk).Reject)),
		post("/api/v1/revocations/{revocation}/undo", "undoRevocation", "Have an account activated again. Needs the header Gatebook-Reason.", onRevocation((*revoke.Desk).Undo)),
		post("/api/v1/revocations/{revocation}/retry", "retryRevocation", "Try a revocation again that has failed. Needs the header Gatebook-Reason.", onRevocation((*revoke.Desk).Retry)),
	}
}

// desk returns what takes access back, or an error where nothing does.
func (c *call) desk() (*revoke.Desk, error) {
	if c.cfg.Revoke == nil {
		return nil, &Problem{Status: http.StatusNotImplemented, Type: "revocations", Detail: "nothing can be taken back at providers here"}
	}
	return c.cfg.Revoke, nil
}

type revocationsParams struct {
	State string `query:"state" oneof:"proposed,pending,done,failed,rejected,lapsed" doc:"Only those in this state."`
}

func listRevocations(c *call, p revocationsParams) ([]revoke.Revocation, error) {
	d, err := c.desk()
	if err != nil {
		return nil, err
	}
	return d.List(c.r.Context(), c.reader, revoke.State(p.State))
}

type revocationParams struct {
	Revocation string `path:"revocation" doc:"The revocation's id, or a beginning of it that only one has."`
}

func oneRevocation(c *call, p revocationParams) (*revoke.Revocation, error) {
	d, err := c.desk()
	if err != nil {
		return nil, err
	}
	return d.Get(c.r.Context(), c.reader, p.Revocation)
}

func listProviders(c *call, _ none) ([]revoke.ProviderStatus, error) {
	d, err := c.desk()
	if err != nil {
		return nil, err
	}
	return d.Providers(c.r.Context(), c.reader)
}

// revocationWait is how long an answer waits for the provider.
const revocationWait = 5 * time.Second

func addRevocation(c *call) error {
	// Who may not even propose learns nothing of what is wrong with the body.
	if err := c.cfg.Room.Admit(c.reader, reading.ActPropose); err != nil {
		return err
	}
	d, err := c.desk()
	if err != nil {
		return err
	}
	var n NewRevocation
	if err := c.body(&n); err != nil {
		return err
	}
	r := revoke.Request{Provider: n.Provider, Action: revoke.Deactivate, User: n.User, Token: redact.Secret(n.Token), Print: n.Fingerprint, Hint: n.TokenType, Incident: n.Incident, Again: n.Again, Propose: n.Propose}
	switch token := n.Token != "" || n.Fingerprint != ""; {
	case token && n.User != "":
		return argument("user", "is given besides a token: ask for one of the two")
	case token:
		r.Action = revoke.Token
	case n.User == "":
		return argument("user", "is missing, and so is a token: say what to take back")
	}
	made, err := d.Decide(c.r.Context(), c.reader, r)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, d.Await(c.r.Context(), made, revocationWait))
}

// onRevocation returns what handles a request about the revocation in the path.
func onRevocation(do func(d *revoke.Desk, ctx context.Context, who reading.Reader, id string) (*revoke.Revocation, error)) func(*call) error {
	return func(c *call) error {
		d, err := c.desk()
		if err != nil {
			return err
		}
		var p revocationParams
		if err := c.decode(&p); err != nil {
			return err
		}
		r, err := do(d, c.r.Context(), c.reader, p.Revocation)
		if err != nil {
			return err
		}
		return c.json(http.StatusOK, d.Await(c.r.Context(), r, revocationWait))
	}
}
