package cli_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/state"
	"github.com/gatebook/gatebook/test/readingtest"
)

// The tokens of the readers of the scripts about measures, beside the
// administrator's.
const (
	annToken = "the-token-of-ann-the-investigator"
	bobToken = "the-token-of-bob-the-investigator"
	vivToken = "the-token-of-viv-the-viewer"
)

// measures is what the API of a house serves that can act, with an index and
// callers whose names begin alike.
func measures(t testing.TB, h *readingtest.House) (api.Config, *act.Keeper) {
	h.Put(
		readingtest.Call(start.Add(3*time.Second), "anna", "GET", "/customers/4", 200),
		readingtest.Call(start.Add(4*time.Second), "anna", "GET", "/customers/5", 200),
		readingtest.Call(start.Add(5*time.Second), "annabel", "GET", "/customers/6", 200),
	)
	h.StartIndex()
	h.Indexed()
	db, err := state.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	k := act.New(act.Config{
		Ledger: h.Ledger, Recorder: h.Recorder, Room: h.Room, State: db, Live: new(policy.Live), Origin: "gatebook.test/reading", Edge: "test",
		Rules: act.Rules{Routes: []string{"shop"}, Protected: []policy.Subject{{App: "payments"}}},
	})
	if err := k.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := served(t, h)
	c.Act, c.Now = k, func() time.Time { return start.Add(time.Hour) }
	c.Tokens = append(c.Tokens,
		api.Token{Value: annToken, Reader: reading.Reader{Name: "ann", Role: reading.Investigator}},
		api.Token{Value: bobToken, Reader: reading.Reader{Name: "bob", Role: reading.Investigator}},
		api.Token{Value: vivToken, Reader: reading.Reader{Name: "viv", Role: reading.Viewer}},
	)
	return c, k
}

// newestMeasure sets an environment variable to the id of the newest measure.
func newestMeasure(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], listed(ts)[0].ID)
}

// awaitExpired waits until the newest measure has ended by itself.
func awaitExpired(ts *testscript.TestScript, _ bool, _ []string) {
	for limit := time.Now().Add(20 * time.Second); listed(ts)[0].State != act.Expired; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			ts.Fatalf("the newest measure does not end")
		}
	}
}

func listed(ts *testscript.TestScript) []act.Measure {
	list, err := ts.Value("keeper").(*act.Keeper).List(ts.Value("test").(testing.TB).Context(), reading.Reader{Name: "ops", Role: reading.Administrator})
	ts.Check(err)
	if len(list) == 0 {
		ts.Fatalf("there is no measure")
	}
	return list
}
