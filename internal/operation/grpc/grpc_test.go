package grpc

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
)

const shopProto = `syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
service Customers {
  rpc Get(GetRequest) returns (Customer) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc List(ListRequest) returns (ListResponse) { option deprecated = true; }
  rpc Watch(stream GetRequest) returns (stream Customer);
}
enum Kind { KIND_UNSPECIFIED = 0; PRIVATE = 1; }
message GetRequest { string customer_id = 1; Options options = 2; repeated int64 tags = 3; }
message Options { bool with_orders = 1; Kind kind = 2; bytes cursor = 3; }
message Customer { string id = 1; string email = 2; google.protobuf.Timestamp since = 3; map<string, string> labels = 4; }
message ListRequest { int32 page_size = 1; }
message ListResponse { repeated Customer customers = 1; string next = 2; repeated string notes = 3; }
`

func schema(t testing.TB) *Schema {
	t.Helper()
	s, err := Compile(context.Background(), fstest.MapFS{"shop.proto": {Data: []byte(shopProto)}}, "shop.proto")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wire encodes a message given in JSON.
func wire(t testing.TB, m *Method, request bool, js string) []byte {
	t.Helper()
	d := m.out
	if request {
		d = m.in
	}
	msg := dynamicpb.NewMessage(d)
	if err := (protojson.UnmarshalOptions{Resolver: m.types}).Unmarshal([]byte(js), msg); err != nil {
		t.Fatal(err)
	}
	b, err := proto.Marshal(msg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSchema(t *testing.T) {
	s := schema(t)
	want := []string{"shop.v1.Customers/Get", "shop.v1.Customers/List", "shop.v1.Customers/Watch"}
	if got := s.Methods(); !reflect.DeepEqual(got, want) {
		t.Errorf("methods: got %v, want %v", got, want)
	}
	if m := s.Method("shop.v1.Customers/Get"); !m.HasNoSideEffect || m.Deprecated || m.ServerStream {
		t.Errorf("Get: got %+v", m)
	}
	if m := s.Method("shop.v1.Customers/Watch"); !m.ClientStream || !m.ServerStream {
		t.Errorf("Watch: got %+v", m)
	}
	if !s.Method("shop.v1.Customers/List").Deprecated {
		t.Error("List is deprecated, and not known to be")
	}
	if s.Method("shop.v1.Customers/No") != nil || (*Schema)(nil).Method("x") != nil {
		t.Error("a method that there is not was found")
	}
	if _, err := ParseSet([]byte("no")); err == nil || !strings.Contains(err.Error(), "not a FileDescriptorSet") {
		t.Errorf("got %v", err)
	}
}

func TestContent(t *testing.T) {
	s := schema(t)
	get := s.Method("shop.v1.Customers/Get")
	got := get.Request([][]byte{wire(t, get, true, `{"customerId":"cus_1","options":{"withOrders":true,"kind":"PRIVATE","cursor":"AAEC"},"tags":["1","2"]}`)})
	want := Content{
		JSON:   []byte(`{"customer_id":"cus_1","options":{"with_orders":true,"kind":"PRIVATE","cursor":"AAEC"},"tags":["1","2"]}`),
		Fields: []Field{{"customer_id", "cus_1"}, {"options.with_orders", "true"}, {"options.kind", "PRIVATE"}, {"tags", "1"}, {"tags", "2"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("request:\n got %s %+v\nwant %s %+v", got.JSON, got, want.JSON, want)
	}
	list := s.Method("shop.v1.Customers/List")
	got = list.Response([][]byte{wire(t, list, false, `{"customers":[{"id":"a","email":"a b@example.com","since":"2026-01-01T00:00:00Z"},{"id":"b","labels":{"k \"q":"v"}}],"notes":["x"]}`)})
	if js := `{"customers":[{"id":"a","email":"a b@example.com","since":"2026-01-01T00:00:00Z"},{"id":"b","labels":{"k \"q":"v"}}],"notes":["x"]}`; string(got.JSON) != js || got.Items != 2 || got.Cut {
		t.Errorf("answer: got %s, %d items, cut %v; want %s", got.JSON, got.Items, got.Cut, js)
	}
	watch := s.Method("shop.v1.Customers/Watch")
	got = watch.Response([][]byte{wire(t, watch, false, `{"id":"a"}`), []byte("\xff\xff"), wire(t, watch, false, `{"id":"b"}`)})
	if js := "{\"id\":\"a\"}\n{\"id\":\"b\"}"; string(got.JSON) != js || !got.Cut {
		t.Errorf("stream: got %s, cut %v; want %s and cut", got.JSON, got.Cut, js)
	}
}

func frame(compressed byte, b []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{compressed}, uint32(len(b))), b...)
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func TestFrames(t *testing.T) {
	stream := bytes.Join([][]byte{frame(0, []byte("one")), frame(0, nil), frame(1, zipped([]byte("two"))), frame(1, []byte("not gzip")), frame(0, []byte("three"))}, nil)
	for _, piece := range []int{1, 3, len(stream)} {
		f := Frames{Gzip: true}
		for rest := stream; len(rest) > 0; {
			n := min(piece, len(rest))
			f.Write(rest[:n])
			rest = rest[n:]
		}
		got, partial := f.Messages()
		if want := [][]byte{[]byte("one"), {}, []byte("two"), []byte("three")}; !reflect.DeepEqual(got, want) || !partial || f.Count() != 5 {
			t.Errorf("in pieces of %d: got %q, partial %v, %d messages", piece, got, partial, f.Count())
		}
	}
}

func TestFramesAreBounded(t *testing.T) {
	f := Frames{Gzip: true}
	f.Write(frame(1, zipped(make([]byte, 64<<20)))) // a bomb
	f.Write(frame(0, make([]byte, MaxKept+1)))
	for range 2 * MaxMessages {
		f.Write(frame(0, []byte("x")))
	}
	got, partial := f.Messages()
	if len(got) != MaxMessages || !partial || f.Count() != 2*MaxMessages+2 {
		t.Errorf("got %d kept of %d, partial %v", len(got), f.Count(), partial)
	}
	f.Write([]byte{0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3}) // says 4 GiB, and sends 3 bytes
	if f.Count() != 2*MaxMessages+3 {
		t.Errorf("got %d messages", f.Count())
	}
}

func FuzzDecode(f *testing.F) {
	s := schema(f)
	list := s.Method("shop.v1.Customers/List")
	f.Add(frame(0, wire(f, list, false, `{"customers":[{"id":"a"}],"next":"n"}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		fr := Frames{Gzip: true}
		fr.Write(b)
		messages, _ := fr.Messages()
		c := list.Response(messages)
		if len(c.JSON) > MaxKept || len(c.Fields) > maxFields {
			t.Errorf("out of bounds: %d bytes, %d fields", len(c.JSON), len(c.Fields))
		}
	})
}
