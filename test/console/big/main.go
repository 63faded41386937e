// Command big makes a data directory with a ledger of many events of today, for
// the measurements of the console. It is not for anything else: what is in it
// is invented, and its keys are of no installation.
//
//	go run ./test/console/big -data DIR -events 5000000
package main

import (
	"crypto/rand"
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/bigledger"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "", "the data directory, which is made")
	events := flag.Int("events", 5_000_000, "how many there are at least")
	flag.Parse()
	if err := run(*data, *events); err != nil {
		log.Fatal("big: ", err)
	}
}

func run(data string, n int) error {
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.local/big")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(data, "keys"), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, "keys", "ledger.key"), []byte(skey+"\n"+vkey+"\n"), 0o600); err != nil {
		return err
	}
	n = (n + ledger.BlockRecords - 1) / ledger.BlockRecords * ledger.BlockRecords // whole blocks
	end := time.Now().UTC()
	day := end.Truncate(24 * time.Hour)
	span := end.Sub(day)
	made := func(i int) *event.Event {
		return call(day.Add(time.Duration(float64(span)*(float64(i)+0.5)/float64(n))), uint64(i))
	}
	if err := bigledger.Make(filepath.Join(data, "ledger"), signer, vkey, n, day.Format(time.DateOnly), made); err != nil {
		return err
	}
	fmt.Printf("%d events from %s to %s\n", n, day.Format(time.RFC3339), end.Format(time.RFC3339))
	return nil
}

// operations are those of a shop, with how often of a hundred.
var operations = []struct {
	often                      uint64
	method, route, path, class string
}{
	{45, "GET", "/v1/customers/{id}", "/v1/customers/%d", "email"},
	{70, "GET", "/v1/orders/{id}", "/v1/orders/%d", ""},
	{80, "GET", "/v1/orders", "/v1/orders?customer=%d", ""},
	{90, "POST", "/v1/orders", "/v1/orders", ""},
	{96, "PATCH", "/v1/customers/{id}", "/v1/customers/%d", "iban"},
	{100, "DELETE", "/v1/carts/{id}", "/v1/carts/%d", ""},
}

// call returns event i. The same i gives the same call.
func call(at time.Time, i uint64) *event.Event {
	// Numbers that look like chance.
	r := i*0x9E3779B97F4A7C15 ^ 0x2545F4914F6CDD1D
	next := func(of uint64) uint64 {
		r ^= r >> 12
		r ^= r << 25
		r ^= r >> 27
		return (r * 0x2545F4914F6CDD1D >> 11) % of
	}
	user, object, op := next(20_000), next(500_000), operations[0]
	user = user * (user + 1) / 20_000 // some call more than others
	pick := next(100)
	for _, op = range operations {
		if pick < op.often {
			break
		}
	}
	status, decision := 200, "allowed"
	switch n := next(1000); {
	case n < 4:
		status, decision = 403, "denied"
	case n < 24:
		status = 404
	case n < 30:
		status = 500
	}
	path := op.path
	if op.path != op.route {
		path = fmt.Sprintf(op.path, object)
	}
	name := fmt.Sprintf("user-%05d", user)
	var random [8]byte
	binary.BigEndian.PutUint64(random[:], i)
	e := &event.Event{
		Header: event.Header{
			ID: event.NewID(at, random), Kind: event.Access, Arrived: at, Completed: at.Add(time.Duration(2+next(80)) * time.Millisecond), Edge: "big",
			Capture:    event.Capture{Method: "gateway", Source: "default", Route: "shop", Durability: "served"},
			Principal:  event.Principal{Kind: event.User, ID: fmt.Sprintf("p_%032x", user), Issuer: "https://issuer.test", Level: event.LevelVerified, Reason: "signature-verified"},
			Credential: event.Credential{Method: "jwt", Fingerprint: fmt.Sprintf("fp-%016x", user*0x9E3779B97F4A7C15), Client: fmt.Sprintf("app-%d", user%30)},
			Operation:  event.Operation{Protocol: "http/1.1", Method: op.method, Host: "shop.test", Route: op.route, Name: op.method + " " + op.route, Session: fmt.Sprintf("s-%d", i/50)},
			Outcome:    event.Outcome{Status: status, Decision: decision},
		},
		Who:  &event.Who{Subject: name, Email: name + "@shop.test", Address: fmt.Sprintf("192.0.%d.%d", user/250%250, user%250), UserAgent: fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0)", 100+user%40)},
		What: &event.What{Path: path, Objects: []event.Object{{Type: "customer", ID: fmt.Sprint(object)}}},
	}
	if op.class != "" {
		e.Data = []event.Data{{Class: op.class, Count: 1 + next(3)}}
	}
	return e
}
