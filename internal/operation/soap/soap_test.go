package soap

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	f := func(contentType, action, body string, want Call) {
		t.Helper()
		got, ok := Parse(contentType, action, []byte(body))
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", body, got, ok, want)
		}
	}
	f("text/xml; charset=utf-8", `"urn:shop/GetCustomer"`,
		`<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><a><b/></a></s:Header><s:Body><GetCustomer xmlns="urn:shop"><id>4711</id></GetCustomer></s:Body></s:Envelope>`,
		Call{Operation: "GetCustomer", Namespace: "urn:shop", Action: "urn:shop/GetCustomer"})
	f(`application/soap+xml; action="urn:shop#List"`, "",
		`<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><m:List xmlns:m="urn:m">`, // cut
		Call{Operation: "List", Namespace: "urn:m", Action: "urn:shop#List"})
	f("text/xml", "", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>`,
		Call{Fault: "Client"})
	f("application/soap+xml", "", `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:Receiver</e:Value></e:Code></e:Fault></e:Body></e:Envelope>`,
		Call{Fault: "Receiver"})
	f("text/xml", "x", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>`, Call{Action: "x"})
}

func TestParseRefuses(t *testing.T) {
	for _, body := range []string{``, `{}`, `<Envelope><Body><X/></Body></Envelope>`, `<a/>`, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">`,
		`<!DOCTYPE x [<!ENTITY a "b">]><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>&a;</s:Header>`} {
		if got, ok := Parse("text/xml", "", []byte(body)); ok {
			t.Errorf("%s: got %+v", body, got)
		}
	}
}

func TestName(t *testing.T) {
	f := func(c Call, want string) {
		t.Helper()
		if got := c.Name(); got != want {
			t.Errorf("%+v: got %q, want %q", c, got, want)
		}
	}
	f(Call{Operation: "A", Action: "urn:b"}, "A")
	f(Call{Action: "http://x/y/Do"}, "Do")
	f(Call{Action: "Do"}, "Do")
	f(Call{}, "")
}

func FuzzParse(f *testing.F) {
	f.Add("text/xml", "a", []byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><X/></s:Body></s:Envelope>`))
	f.Fuzz(func(t *testing.T, contentType, action string, body []byte) {
		c, _ := Parse(contentType, action, body)
		if n := c.Name(); word(n) != n || strings.ContainsAny(c.Action, " @") {
			t.Errorf("out of bounds: %+v", c)
		}
	})
}
