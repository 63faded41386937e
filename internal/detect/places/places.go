// Package places says where addresses are, by a file of the operator's in the
// MaxMind DB format (version 2.0) that has coordinates, such as GeoLite2-City.
//
// The file is read whole, so that a newer one under its name changes nothing
// until it is opened again, and known by its SHA-256: what detection found by
// places is found again with the same file, and the sum in the record says which
// that is. No place is recorded: it is what a database thinks of an address, and
// no fact about a call.
package places

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/gatebook/gatebook/internal/detect"
)

// File is an opened file. The nil File knows no place. It is safe for concurrent
// use.
type File struct {
	db  *maxminddb.Reader
	sum string
	typ string
}

// maxFile bounds a file. GeoIP2-City has about 130 MB.
const maxFile = 1 << 30

// looked bounds the networks of which one must have coordinates.
const looked = 10_000

// location is what of an entry is read.
type location struct {
	Latitude  *float64 `maxminddb:"latitude"`
	Longitude *float64 `maxminddb:"longitude"`
}

// Open reads a file. The error says what is wrong with it.
func Open(name string) (*File, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		return nil, errors.New("it is not a regular file of at most 1 GiB")
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return New(b)
}

// New is [Open] of what is read already. b must not be changed afterwards.
func New(b []byte) (*File, error) {
	db, err := maxminddb.OpenBytes(b)
	if err != nil {
		return nil, errors.New("it is not a file in the MaxMind DB format, or damaged")
	}
	sum := sha256.Sum256(b)
	f := &File{db: db, sum: hex.EncodeToString(sum[:]), typ: db.Metadata.DatabaseType}
	n := 0
	for r := range db.Networks() {
		if _, ok := place(r); ok {
			return f, nil
		}
		if n++; n == looked || r.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("it has no coordinates: it is of type %q, and one with cities is needed, such as GeoLite2-City", f.typ)
}

// Locate returns where an address is; false: that is not known.
func (f *File) Locate(a netip.Addr) (detect.Place, bool) {
	if f == nil || !a.IsValid() {
		return detect.Place{}, false
	}
	return place(f.db.Lookup(a.WithZone("").Unmap()))
}

func place(r maxminddb.Result) (detect.Place, bool) {
	var l location
	if !r.Found() || r.DecodePath(&l, "location") != nil || l.Latitude == nil || l.Longitude == nil {
		return detect.Place{}, false
	}
	var radius uint16 // kilometres; 0: the file does not say
	if r.DecodePath(&radius, "location", "accuracy_radius") != nil {
		radius = 0
	}
	p := detect.Place{Latitude: *l.Latitude, Longitude: *l.Longitude, Radius: float64(radius)}
	return p, p.Latitude >= -90 && p.Latitude <= 90 && p.Longitude >= -180 && p.Longitude <= 180
}

// Sum is the SHA-256 of the file in hexadecimal; empty for the nil File.
func (f *File) Sum() string {
	if f == nil {
		return ""
	}
	return f.sum
}

// Configure has an engine know places by the file; by the nil File none.
func (f *File) Configure(c *detect.Config) {
	if f != nil {
		c.Locate, c.Places = f.Locate, f.sum
	}
}
