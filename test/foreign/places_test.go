package foreign

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/places"
)

// written is a file that MaxMind's own writer made.
func written(t *testing.T, typ string, at map[string]mmdbtype.Map) []byte {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: typ, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for cidr, data := range at {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Insert(network, data); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func city(latitude, longitude float64, radius uint16) mmdbtype.Map {
	return mmdbtype.Map{"city": mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String("x")}}, "location": mmdbtype.Map{
		"latitude": mmdbtype.Float64(latitude), "longitude": mmdbtype.Float64(longitude), "accuracy_radius": mmdbtype.Uint16(radius),
	}}
}

func cities(t *testing.T) []byte {
	return written(t, "Own-City", map[string]mmdbtype.Map{
		"198.51.100.0/24": city(52.5, 13.4, 10), "203.0.113.0/24": city(-33.9, 151.2, 20), "2001:db8::/32": city(48.9, 2.3, 5),
		"192.0.2.0/24": {"country": mmdbtype.Map{"iso_code": mmdbtype.String("DE")}},
	})
}

// TestPlaces reads such a file.
func TestPlaces(t *testing.T) {
	f, err := places.New(cities(t))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]*detect.Place{
		"198.51.100.7": {Latitude: 52.5, Longitude: 13.4, Radius: 10}, "::ffff:203.0.113.5": {Latitude: -33.9, Longitude: 151.2, Radius: 20},
		"2001:db8::1": {Latitude: 48.9, Longitude: 2.3, Radius: 5}, "192.0.2.1": nil, "127.0.0.1": nil, "10.0.0.1": nil, "fe80::1%lo": nil,
	} {
		got, ok := f.Locate(netip.MustParseAddr(address))
		if ok != (want != nil) || ok && got != *want {
			t.Errorf("%s: got %+v, %t", address, got, ok)
		}
	}
	if _, ok := f.Locate(netip.Addr{}); ok {
		t.Error("no address has a place")
	}
	if len(f.Sum()) != 64 {
		t.Errorf("got sum %q", f.Sum())
	}
	var none *places.File
	if _, ok := none.Locate(netip.MustParseAddr("198.51.100.7")); ok || none.Sum() != "" {
		t.Error("no file knows a place")
	}
	country := written(t, "Own-Country", map[string]mmdbtype.Map{"198.51.100.0/24": {"country": mmdbtype.Map{"iso_code": mmdbtype.String("DE")}}})
	whole := cities(t)
	for name, b := range map[string][]byte{"no such format": []byte("hello"), "empty": {}, "cut": whole[:len(whole)/3], "without coordinates": country} {
		if _, err := places.New(b); err == nil {
			t.Errorf("%s: got no error", name)
		} else if name == "without coordinates" && !strings.Contains(err.Error(), `it is of type "Own-Country"`) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// What is damaged inside may know nothing, and breaks nothing.
	for at := range whole {
		b := slices.Clone(whole)
		b[at] ^= 0xff
		if f, err := places.New(b); err == nil {
			f.Locate(netip.MustParseAddr("198.51.100.7"))
		}
	}
	if _, err := places.Open(filepath.Join(t.TempDir(), "nowhere")); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}

// TestTravelByPlaces finds impossible travel by such a file; from a snapshot the
// same is found with the same file, and with another one the rule begins anew.
func TestTravelByPlaces(t *testing.T) {
	set, err := detect.Load(detect.CatalogueFiles())
	if err != nil {
		t.Fatal(err)
	}
	berlin, err := places.New(cities(t))
	if err != nil {
		t.Fatal(err)
	}
	other, err := places.New(written(t, "Own-City", map[string]mmdbtype.Map{"198.51.100.0/23": city(52.5, 13.4, 10), "203.0.113.0/24": city(-33.9, 151.2, 20)}))
	if err != nil {
		t.Fatal(err)
	}
	config := func(f *places.File) detect.Config {
		c := detect.Config{Rules: set.Only(set.Rule("impossible-travel")), Lateness: time.Second}
		f.Configure(&c)
		return c
	}
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	call := func(i int, address string) *event.Event {
		at := start.Add(time.Duration(i) * time.Minute)
		return &event.Event{
			Header: event.Header{ID: event.NewID(at, [8]byte{byte(i)}), Kind: event.Access, Arrived: at, Completed: at, Principal: event.Principal{Kind: event.User, ID: "p_1", Level: event.LevelVerified}},
			Who:    &event.Who{Address: address},
		}
	}
	e := detect.New(config(berlin))
	if got := e.Inactive(); len(got) != 0 {
		t.Errorf("inactive: %v", got)
	}
	if got := detect.New(config(nil)).Inactive(); !slices.Equal(got, []string{"impossible-travel"}) {
		t.Errorf("without places: inactive are %v", got)
	}
	e.Add(call(0, "198.51.100.7"), 0)
	b, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	finish := func(e *detect.Engine) []detect.Finding {
		return append(e.Add(call(10, "203.0.113.5"), 1), e.Flush()...)
	}
	again, fresh, err := detect.Restore(config(berlin), b)
	if err != nil || len(fresh) != 0 {
		t.Fatalf("got %v, %v", fresh, err)
	}
	want, got := finish(e), finish(again)
	if len(want) != 1 || want[0].Rule != "impossible-travel" || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, fresh, err = detect.Restore(config(other), b)
	if err != nil || !slices.Equal(fresh, []string{"impossible-travel"}) {
		t.Errorf("with another file: got %v, %v", fresh, err)
	}
}
