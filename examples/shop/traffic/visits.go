package traffic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/gatebook/gatebook/examples/shop/store"
)

// get is a call that only reads.
func get(path string, args ...any) call { return call{method: "GET", path: fmt.Sprintf(path, args...)} }

// send is a call with a JSON body.
func send(method, path, body string, args ...any) call {
	return call{method: method, path: path, body: fmt.Sprintf(body, args...), media: "application/json"}
}

// keeping makes a call keep a value of its answer.
func (c call) keeping(take func([]byte) string) call { c.keep = take; return c }

// of makes a visit.
func of(calls ...call) visit { return visit{calls: calls} }

// answer is what is looked at in answers.
type answer struct {
	ID    string `json:"id"`
	Next  string `json:"next_cursor"`
	Items []struct {
		ID string `json:"id"`
	} `json:"items"`
}

func parse(body []byte) (a answer) {
	if json.Unmarshal(body, &a) != nil {
		return answer{} // nothing to keep: the visit ends
	}
	return a
}

func takeID(body []byte) string   { return parse(body).ID }
func takeNext(body []byte) string { return parse(body).Next }
func takeFirst(body []byte) string {
	if a := parse(body); len(a.Items) > 0 {
		return a.Items[0].ID
	}
	return ""
}

// takeAny takes one of the items of a list. People open what they were shown.
func takeAny(r *rand.Rand) func([]byte) string {
	return func(body []byte) string {
		if a := parse(body); len(a.Items) > 0 {
			return a.Items[r.IntN(len(a.Items))].ID
		}
		return ""
	}
}

var countries = strings.Fields("DE AT FR ES IT NL")

// customers is a list, of which one customer is taken.
func customers(r *rand.Rand) call {
	return get("/v1/customers?limit=10&country=%s", countries[r.IntN(len(countries))]).keeping(takeAny(r))
}

// orders is a list, of which one order is taken.
func orders(r *rand.Rand) call { return get("/v1/orders?status=shipped&limit=20").keeping(takeAny(r)) }

// products is a list, of which one product is taken.
func products(r *rand.Rand) call {
	return get("/v1/products?limit=10&category=kitchen").keeping(takeAny(r))
}

// customer picks one with a heavy tail: a few are asked for very often.
func customer(r *rand.Rand) string {
	return fmt.Sprintf("cus_%06d", 1+rand.NewZipf(r, 1.3, 10, store.Customers-1).Uint64())
}

func order(r *rand.Rand) string   { return fmt.Sprintf("ord_%06d", 1+r.IntN(store.Orders)) }
func product(r *rand.Rand) string { return fmt.Sprintf("prd_%06d", 1+r.IntN(store.Products)) }

var words = strings.Fields("rossi meyer nowak zoe felix berlin paris garcia amir lamp kettle sofia")

// support looks customers up, corrects them, cancels orders, files documents.
func support(r *rand.Rand) visit {
	switch n := r.IntN(100); {
	case n < 45:
		return of(get("/v1/search?q=%s&limit=20", words[r.IntN(len(words))]), customers(r), get("/v1/customers/{}"),
			get("/v1/customers/{}/orders?limit=20"))
	case n < 60:
		return of(get("/v1/customers?limit=10").keeping(takeNext), get("/v1/customers?limit=10&cursor={}").keeping(takeAny(r)),
			get("/v1/customers/{}"))
	case n < 68:
		return of(customers(r), get("/v1/customers/{}"),
			send("PATCH", "/v1/customers/{}", `{"phone":"+44 7700 900%03d"}`, r.IntN(1000)))
	case n < 72:
		return of(get("/v1/customers/%s", customer(r))) // on the telephone: its number is on a bill
	case n < 80:
		return of(get("/v1/orders?status=open&limit=5").keeping(takeFirst), get("/v1/orders/{}"),
			call{method: "POST", path: "/v1/orders/{}/cancel"}, call{method: "POST", path: "/v1/orders/{}/cancel"})
	case n < 90:
		return of(note(r).keeping(takeID), get("/v1/files/{}"), get("/v1/files/{}/content"))
	case n < 96:
		return of(get("/v1/customers/cus_90000%d", r.IntN(6))) // one of the usual slips: 404
	default:
		return of(get("/v1/admin/users")) // curious: 403
	}
}

// note uploads a short text.
func note(r *rand.Rand) call {
	const edge = "shop-note-edge"
	text := fmt.Sprintf("Call with customer %s about order %s.\n%s", customer(r), order(r),
		strings.Repeat("The parcel did not arrive. ", 1+r.IntN(200)))
	body := "--" + edge + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"note.txt\"\r\n" +
		"Content-Type: text/plain\r\n\r\n" + text + "\r\n--" + edge + "--\r\n"
	return call{method: "POST", path: "/v1/files", body: body, media: "multipart/form-data; boundary=" + edge}
}

// sales shows products, places orders, and enters new customers.
func sales(r *rand.Rand) visit {
	switch n := r.IntN(100); {
	case n < 60:
		return of(products(r), get("/v1/products/{}"),
			placing(r).keeping(takeID), get("/v1/orders/{}"))
	case n < 85:
		return of(customers(r), get("/v1/customers/{}"), get("/v1/customers/{}/orders"))
	default:
		n := r.IntN(1e9)
		if r.IntN(6) == 0 {
			n = 1 // this one is known already, but for the first time: 409
		}
		return of(send("POST", "/v1/customers",
			`{"name":"New Customer","email":"new.customer%d@example.com","address":{"street":"Oak Street 1","city":"Berlin","postal_code":"10115","country":"DE"}}`,
			n).keeping(takeID), get("/v1/customers/{}"))
	}
}

// placing orders the product that a list gave, for one of the dozen customers
// that everybody in sales knows by heart.
func placing(r *rand.Rand) call {
	return send("POST", "/v1/orders", `{"customer":"cus_%06d","lines":[{"product":"{}","quantity":%d}]}`, 1+r.IntN(12), 1+r.IntN(2))
}

// analyst reads much, begins with an export of everything, and makes few more.
func analyst() func(*rand.Rand) visit {
	began := false
	return func(r *rand.Rand) visit {
		if !began || r.IntN(200) == 0 {
			began = true
			return of(get("/v1/export/orders?format=csv"))
		}
		return of(get("/v1/orders?limit=50").keeping(takeNext), get("/v1/orders?limit=50&cursor={}"),
			get("/v1/customers?limit=10&country=FR"))
	}
}

// stock corrects the stock by hand.
func stock(r *rand.Rand) visit {
	return of(products(r), get("/v1/products/{}"), send("PUT", "/v1/products/{}/stock", `{"stock":%d}`, 50+r.IntN(500)))
}

// administrator looks after people, settings and refunds.
func administrator(r *rand.Rand) visit {
	switch n := r.IntN(100); {
	case n < 30:
		return of(get("/v1/admin/users"), get("/v1/admin/settings"))
	case n < 60:
		return of(orders(r), get("/v1/orders/{}"), get("/v1/admin/refunds?limit=20"))
	case n < 85:
		// Orders that were not shipped cannot be refunded: 409.
		return of(orders(r), send("POST", "/v1/admin/refunds", `{"order":"{}","amount":%d,"reason":"arrived broken"}`, 100+r.IntN(100)))
	case n < 95:
		return of(send("PATCH", "/v1/admin/settings", `{"free_shipping_from":"%d"}`, 4000+100*r.IntN(20)))
	default:
		return of(send("PUT", "/v1/admin/users/u-0b9e/roles", `{"roles":["support"]}`))
	}
}

// billing works in batches, as a nightly job does. It begins with an export,
// and makes few more.
func billing() func(*rand.Rand) visit {
	began := false
	return func(r *rand.Rand) visit {
		if !began || r.IntN(200) == 0 {
			began = true
			return of(get("/v1/export/customers?format=ndjson"))
		}
		v := visit{batch: true, calls: []call{get("/v1/orders?status=shipped&limit=50").keeping(takeNext)}}
		for range 2 + r.IntN(5) {
			v.calls = append(v.calls, get("/v1/orders?status=shipped&limit=50&cursor={}").keeping(takeNext))
		}
		return v
	}
}

// stockSync asks for news and reports the stock, over and over.
func stockSync(r *rand.Rand) visit {
	return of(get("/v1/orders?status=open&limit=20"),
		send("PUT", "/v1/products/"+product(r)+"/stock", `{"stock":%d}`, 100+r.IntN(400)))
}

// checkout places orders for a person.
func checkout(r *rand.Rand) visit {
	return of(products(r), placing(r).keeping(takeID), get("/v1/orders/{}"))
}

// reporter reads customers with a person's token.
func reporter(r *rand.Rand) visit {
	return of(get("/v1/customers?limit=20").keeping(takeNext), get("/v1/customers?limit=20&cursor={}").keeping(takeAny(r)),
		get("/v1/customers/{}"), get("/v1/customers/{}/orders"))
}

// warehouse looks at orders and counts what is on the shelf.
func warehouse(r *rand.Rand) visit {
	return of(get("/v1/orders/%s", order(r)),
		send("PUT", "/v1/products/"+product(r)+"/stock", `{"stock":%d}`, 100+r.IntN(400)))
}

// visitor is anonymous: products are public, customers are not (401).
func visitor(r *rand.Rand) visit {
	if r.IntN(5) == 0 {
		return of(get("/v1/customers/%s", customer(r)))
	}
	return of(get("/v1/products?limit=20"), get("/v1/products/%s", product(r)))
}

// scanner looks for what is not there (404) and tries a made-up token (401).
func scanner(r *rand.Rand) visit {
	if r.IntN(3) == 0 {
		c := get("/v1/export/customers")
		c.bearer = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1LWU4NDUiLCJhdWQiOiJzaG9wLWFwaSJ9."
		return of(c)
	}
	paths := []string{"/.env", "/wp-login.php", "/admin", "/v1/users/1", "/actuator/health"}
	return of(get("%s", paths[r.IntN(len(paths))]))
}

// lost calls with a token for another API (401).
func lost(r *rand.Rand) visit { return of(get("/v1/customers/%s", customer(r))) }
