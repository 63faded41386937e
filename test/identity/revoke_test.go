package identity

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"

	"github.com/gatebook/gatebook/examples/shop/issuer"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/internal/revoke"
	revokescim "github.com/gatebook/gatebook/internal/revoke/scim"
	"github.com/gatebook/gatebook/internal/revoke/token"
	"github.com/gatebook/gatebook/test/readingtest"
)

// accounts is the memory behind a SCIM server that others wrote.
type accounts struct {
	mu    sync.Mutex
	users map[string]scim.ResourceAttributes // by id
}

func (a *accounts) resource(id string) (scim.Resource, error) {
	u, ok := a.users[id]
	if !ok {
		return scim.Resource{}, scimerrors.ScimErrorResourceNotFound(id)
	}
	r := scim.Resource{ID: id, Attributes: u}
	if x, ok := u["externalId"].(string); ok {
		r.ExternalID = optional.NewString(x)
	}
	return r, nil
}

func (a *accounts) Create(_ *http.Request, u scim.ResourceAttributes) (scim.Resource, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := fmt.Sprintf("u-%d", len(a.users)+1)
	a.users[id] = u
	return a.resource(id)
}

func (a *accounts) Get(_ *http.Request, id string) (scim.Resource, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.resource(id)
}

func (a *accounts) GetAll(_ *http.Request, p scim.ListRequestParams) (scim.Page, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	page := scim.Page{Resources: []scim.Resource{}}
	for id, u := range a.users {
		if p.FilterValidator != nil && p.FilterValidator.PassesFilter(u) != nil {
			continue
		}
		if page.TotalResults++; len(page.Resources) < p.Count {
			r, err := a.resource(id)
			if err != nil {
				return page, err
			}
			page.Resources = append(page.Resources, r)
		}
	}
	return page, nil
}

func (a *accounts) Replace(*http.Request, string, scim.ResourceAttributes) (scim.Resource, error) {
	return scim.Resource{}, scimerrors.ScimErrorMutability
}

func (a *accounts) Delete(*http.Request, string) error { return scimerrors.ScimErrorMutability }

func (a *accounts) Patch(_ *http.Request, id string, list []scim.PatchOperation) (scim.Resource, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.users[id]; !ok {
		return scim.Resource{}, scimerrors.ScimErrorResourceNotFound(id)
	}
	for _, op := range list {
		if op.Op != scim.PatchOperationReplace || op.Path == nil || op.Path.String() != "active" {
			return scim.Resource{}, scimerrors.ScimErrorMutability
		}
		a.users[id]["active"] = op.Value
	}
	return a.resource(id)
}

const scimToken = "the-bearer-token-for-scim"

// directory starts the SCIM server, which asks for a bearer token.
func directory(t *testing.T) (*httptest.Server, *accounts) {
	t.Helper()
	a := &accounts{users: map[string]scim.ResourceAttributes{}}
	s, err := scim.NewServer(&scim.ServerArgs{
		ServiceProviderConfig: &scim.ServiceProviderConfig{SupportFiltering: true, SupportPatch: true, MaxResults: 100},
		ResourceTypes:         []scim.ResourceType{{ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Schema: schema.CoreUserSchema(), Handler: a}},
	})
	must(t, err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+scimToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv, a
}

// enlist makes an account by the server's own endpoint.
func enlist(t *testing.T, srv *httptest.Server, name string) {
	t.Helper()
	b, err := json.Marshal(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": name, "externalId": "x-" + name, "active": true,
		"emails": []map[string]any{{"value": "mail-" + name, "primary": true}},
	})
	must(t, err)
	req, err := http.NewRequest(http.MethodPost, srv.URL+"/v2/Users", bytes.NewReader(b))
	must(t, err)
	req.Header = http.Header{"Authorization": {"Bearer " + scimToken}, "Content-Type": {"application/scim+json"}}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		said, _ := io.ReadAll(res.Body)
		t.Fatalf("making an account: %s %s", res.Status, said)
	}
}

// egressTo returns a guarded client for a server on loopback.
func egressTo(t *testing.T, at string) *egress.Client {
	t.Helper()
	u, err := url.Parse(at)
	must(t, err)
	c, err := egress.NewClient(egress.HTTPConfig{URL: u, MaxAnswer: 256 << 10})
	must(t, err)
	t.Cleanup(c.Close)
	return c
}

var ada = reading.Reader{Name: "ada", Role: reading.Administrator, Reason: "case 7"}

// desk runs a desk for the providers, and returns its log.
func desk(t *testing.T, providers ...revoke.Provider) (*revoke.Desk, *readingtest.House, *bytes.Buffer) {
	t.Helper()
	h := readingtest.Open(t)
	var log bytes.Buffer
	d := revoke.New(revoke.Config{
		Ledger: h.Ledger, Recorder: h.Recorder, Room: h.Room, State: readingtest.State(t), Origin: "gatebook.test", Edge: "test", Key: key, Providers: providers,
		Backoff: 10 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	must(t, d.Load(t.Context()))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() { cancel(); must(t, <-ended) })
	return d, h, &log
}

// after decides, and returns what came of it: its end, or its first failure.
func after(t *testing.T, d *revoke.Desk, r revoke.Request) *revoke.Revocation {
	t.Helper()
	made, err := d.Decide(t.Context(), ada, r)
	must(t, err)
	return d.Await(t.Context(), made, 20*time.Second)
}

// TestSCIM deactivates accounts at a SCIM server, and activates them again.
func TestSCIM(t *testing.T) {
	srv, a := directory(t)
	for _, name := range []string{"anna@example.com", "bert", "twin", "twin", "o'brien & co"} {
		enlist(t, srv, name)
	}
	at := func(attribute string) revoke.Provider {
		return revoke.Provider{Name: attribute, Kind: "scim", Actions: revokescim.Actions,
			Channel: revokescim.New(revokescim.Config{Client: egressTo(t, srv.URL+"/v2"), Token: scimToken, Attribute: attribute})}
	}
	locked := at("userName")
	locked.Name, locked.Channel = "locked", revokescim.New(revokescim.Config{Client: egressTo(t, srv.URL+"/v2"), Token: "another"})
	elsewhere := at("userName")
	elsewhere.Name, elsewhere.Channel = "elsewhere", revokescim.New(revokescim.Config{Client: egressTo(t, srv.URL+"/v2/Schemas"), Token: scimToken})
	d, _, _ := desk(t, at("userName"), at("externalId"), at("id"), locked, elsewhere)

	active := func(name string) (n int) {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, u := range a.users {
			if u["userName"] == name && u["active"] == true {
				n++
			}
		}
		return n
	}
	for _, x := range []struct{ attribute, user, name string }{
		{"userName", "anna@example.com", "anna@example.com"}, {"externalId", "x-anna@example.com", "anna@example.com"},
		{"id", "u-2", "bert"}, {"userName", "o'brien & co", "o'brien & co"},
	} {
		r := after(t, d, revoke.Request{Provider: x.attribute, Action: revoke.Deactivate, User: x.user})
		if r.State != revoke.Done || active(x.name) != 0 {
			t.Errorf("%s %s: got %+v, active: %d", x.attribute, x.user, r, active(x.name))
			continue
		}
		back, err := d.Undo(t.Context(), ada, r.ID)
		must(t, err)
		if back = d.Await(t.Context(), back, 20*time.Second); back.State != revoke.Done || active(x.name) != 1 {
			t.Errorf("undo of %s %s: got %+v, active: %d", x.attribute, x.user, back, active(x.name))
		}
	}
	if r := after(t, d, revoke.Request{Provider: "userName", Action: revoke.Activate, User: "bert"}); r.State != revoke.Done || r.Detail != "it was so already" {
		t.Errorf("activating what is active: got %+v", r)
	}
	for _, x := range []struct{ provider, user, want string }{
		{"userName", "nobody", "the provider has no account with this userName"},
		{"userName", "twin", "the provider has 2 accounts with this userName: none was changed"},
		{"id", "u-99", "the provider has no account with this id"},
		{"userName", `x" or userName pr or userName eq "`, "the provider has no account with this userName"}, // nobody widens the search
	} {
		if r := after(t, d, revoke.Request{Provider: x.provider, Action: revoke.Deactivate, User: x.user}); r.State != revoke.Failed || r.Error != x.want {
			t.Errorf("%s: got %s %q, want %q", x.user, r.State, r.Error, x.want)
		}
	}
	if n := active("twin"); n != 2 {
		t.Errorf("got %d active twins", n)
	}
	// What can be put right is tried again.
	for name, want := range map[string]string{"locked": "401 Unauthorized: check the key", "elsewhere": "check the URL"} {
		if r := after(t, d, revoke.Request{Provider: name, Action: revoke.Deactivate, User: "bert"}); r.State != revoke.Pending || !strings.Contains(r.Error, want) {
			t.Errorf("%s: got %s %q, want %q", name, r.State, r.Error, want)
		}
	}
	if active("bert") != 1 {
		t.Error("bert was deactivated without the right to")
	}
}

// TestTokenRevocation revokes tokens at an issuer that others wrote, and asks it
// by introspection whether they are.
func TestTokenRevocation(t *testing.T) {
	is, err := issuer.Start(issuer.Config{})
	must(t, err)
	t.Cleanup(func() { is.Close() })
	valid := func(tok string) bool {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, is.URL+"/oauth/introspect", strings.NewReader(url.Values{"token": {tok}}.Encode()))
		must(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("reporter", "reporter-demo-secret")
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		defer res.Body.Close()
		var said struct{ Active bool }
		must(t, json.NewDecoder(res.Body).Decode(&said))
		return said.Active
	}
	at := func(name, client string, secret redact.Secret) revoke.Provider {
		return revoke.Provider{Name: name, Kind: "token", Actions: token.Actions, NeedToken: true,
			Channel: token.New(token.Config{Client: egressTo(t, is.URL+"/revoke"), ClientID: client, Secret: secret})}
	}
	d, h, log := desk(t, at("reporter", "reporter", "reporter-demo-secret"), at("public", "shop-web", ""), at("wrong", "reporter", "hunter2hunter2"))
	reporter, err := is.UserToken(t.Context(), "alice", "reporter")
	must(t, err)
	web, err := is.UserToken(t.Context(), "bob", "shop-web")
	must(t, err)
	other, err := is.UserToken(t.Context(), "carol", "reporter")
	must(t, err)
	for _, x := range []struct{ provider, tok, hint string }{{"reporter", reporter.Access, "access_token"}, {"public", web.Access, ""}} {
		if !valid(x.tok) {
			t.Fatalf("%s: the token is not valid before", x.provider)
		}
		r := after(t, d, revoke.Request{Provider: x.provider, Action: revoke.Token, Token: redact.Secret(x.tok), Hint: x.hint})
		if r.State != revoke.Done || valid(x.tok) || r.Fingerprint != redact.Fingerprint(key, x.tok) {
			t.Errorf("%s: got %+v, valid: %t", x.provider, r, valid(x.tok))
		}
	}
	// A token that the issuer does not know is as good as revoked.
	if r := after(t, d, revoke.Request{Provider: "reporter", Action: revoke.Token, Token: "not-a-token-of-yours"}); r.State != revoke.Done {
		t.Errorf("an unknown token: got %+v", r)
	}
	r := after(t, d, revoke.Request{Provider: "wrong", Action: revoke.Token, Token: redact.Secret(other.Access)})
	if r.State != revoke.Pending || !strings.Contains(r.Error, "invalid_client") || !valid(other.Access) {
		t.Errorf("with a wrong secret: got %+v, valid: %t", r, valid(other.Access))
	}
	// No token is in the record or in the log.
	must(t, h.Ledger.Refresh())
	all := log.String()
	for n := range h.Ledger.Size() {
		s, err := h.Ledger.Read(n, 0, 1, 2)
		must(t, err)
		all += string(s.Header)
		for _, e := range s.Envelopes {
			if e != nil {
				all += string(e.Data)
			}
		}
	}
	for _, tok := range []string{reporter.Access, web.Access, other.Access, "hunter2hunter2", base64.StdEncoding.EncodeToString([]byte("reporter:hunter2hunter2"))} {
		if strings.Contains(all, tok) || strings.Contains(all, tok[strings.LastIndexByte(tok, '.')+1:]) {
			t.Error("a token, or its signature, is in the record or in the log")
		}
	}
}
