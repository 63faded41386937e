package cli_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/internal/revoke"
	"github.com/gatebook/gatebook/internal/state"
	"github.com/gatebook/gatebook/test/readingtest"
)

// takes is a provider that does what it is asked for, refuses nobody, and is
// down for carl. What comes of real ones is shown in test/identity.
type takes struct{}

func (takes) Do(_ context.Context, j *revoke.Job) (string, error) {
	switch j.User {
	case "nobody":
		return "", &egress.Error{Reason: "the provider has no account with this userName", Permanent: true}
	case "carl":
		return "", &egress.Error{Reason: "the connection was refused", After: time.Hour}
	}
	return "", nil
}

// revocations is what the API of a house serves that can revoke.
func revocations(t testing.TB, h *readingtest.House) api.Config {
	db, err := state.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	d := revoke.New(revoke.Config{
		Ledger: h.Ledger, Recorder: h.Recorder, Room: h.Room, State: db, Origin: "gatebook.test/reading", Edge: "test", Key: redact.Key("the key of this installation"),
		Providers: []revoke.Provider{
			{Name: "okta", Kind: "scim", Channel: takes{}, Actions: []revoke.Action{revoke.Deactivate, revoke.Activate}, Protect: []string{"root"}},
			{Name: "hr", Kind: "scim", Channel: takes{}, Actions: []revoke.Action{revoke.Deactivate, revoke.Activate}, Approval: true},
			{Name: "login", Kind: "token", Channel: takes{}, Actions: []revoke.Action{revoke.Token}, NeedToken: true},
			{Name: "own", Kind: "webhook", Channel: takes{}, Actions: []revoke.Action{revoke.Deactivate, revoke.Activate, revoke.Token}},
		},
	})
	if err := d.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	running(t, d.Run)
	c, _ := measures(t, h)
	c.Revoke = d
	return c
}
