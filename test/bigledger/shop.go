package bigledger

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gatebook/gatebook/event"
)

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

// ShopCall returns call i of an invented shop: 20,000 people, of whom some call
// more than others, through 30 apps, about 500,000 customers. The same i gives
// the same call.
func ShopCall(at time.Time, i uint64) *event.Event {
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
