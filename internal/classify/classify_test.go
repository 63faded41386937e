package classify

import (
	"fmt"
	"strings"
	"testing"
)

func testClassifier(t testing.TB, c Config) *Classifier {
	t.Helper()
	k, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func scanAll(c *Classifier, b Body, text string) Result {
	s := c.Scan(b)
	s.Write([]byte(text))
	return s.End()
}

func show(r Result) string {
	var b strings.Builder
	for _, d := range r.Data {
		fmt.Fprintf(&b, "%s=%d ", d.Class, d.Count)
	}
	if r.Records > 0 {
		fmt.Fprintf(&b, "records=%d ", r.Records)
	}
	if r.Objects > 0 {
		fmt.Fprintf(&b, "objects=%d ", r.Objects)
	}
	return strings.TrimSpace(b.String())
}

func TestJSON(t *testing.T) {
	c := testClassifier(t, Config{})
	f := func(text, want string) {
		t.Helper()
		if got := show(scanAll(c, Body{Type: "application/json"}, text)); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	f(`{"id":"cus_000002","name":"Carla Ilic","email":"carla.ilic2@example.com","phone":"+44 7700 900079","address":{"street":"Elm Street 44","city":"Madrid","postal_code":"28494","country":"ES"},"segment":"private","since":"2024-02-20T12:00:00Z"}`,
		"address=1 email=1 name=1 phone=1")
	f(`{"data":[{"id":1,"email":"a@b.example"},{"id":2,"email":"c@d.example"}],"total":2}`, "email=2 records=2 objects=2")
	f(`[{"id":1},{"id":1}]`, "records=2 objects=1")
	f(`{"hits":{"total":{"value":2},"hits":[{"_id":"a","_source":{"mail":"a@b.de"}},{"_id":"b","_source":{}}]}}`, "email=1 records=2 objects=2")
	f(`{"data":{"customers":{"edges":[{"node":{"id":"1"}},{"node":{"id":"2"}}],"pageInfo":{"hasNextPage":true}}}}`, "records=2 objects=2")
	f(`{"_embedded":{"orders":[{"id":1},{"id":2},{"id":3}]},"_links":{"self":{"href":"/x"}},"page":{"size":3}}`, "records=3 objects=3")
	f(`{"customers":[{"id":1},{"id":2}],"next":14}`, "records=2 objects=2")
	f(`{"id":"ord_1","items":[{"sku":"a"},{"sku":"b"}]}`, "")
	f(`{"value":"4242424242424242"}`, "")
	f(`{"cardNumber":"4242424242424242"}`, "card=1")
	f(`{"value":"4556 7375 8689 9855","order_number":"4556737586899855"}`, "card=1")
	f(`{"x":"DE89 3704 0044 0532 0130 00"}`, "iban=1")
	f(`{"lat":48.8566,"lng":2.3522}`, "location=1")
	f(`{"geometry":{"type":"Point","coordinates":[2.3522,48.8566]}}`, "location=1")
	f(`{"password":"hunter22!"}`, "")
	f(`{"version":"10.20.30.40","client_ip":"203.0.113.7","note":"uses v1.2.3.4"}`, "ip=1")
	f("{\"email\":\"a@b.de\"}\n{\"email\":\"c@d.de\"}\n", "email=2 records=2")
	f(`{"dateOfBirth":"1985-03-04","created":"1985-03-04"}`, "birthdate=1")
	f(`{"生年月日":"1985年3月4日","氏名":"山田 太郎","電話番号":"090-1234-5678"}`, "birthdate=1 name=1 phone=1")
	f(`{"pkg":"@babel/core@7.1.2","img":"logo@2x.png","repo":"git@github.com:a/b.git","u":"https://bob:pw@host.example.com/x"}`, "")
	f(`{"t":"Contact Jane at jane.doe@example.org or call (555) 123-4567."}`, "email=1 phone=1")
}
