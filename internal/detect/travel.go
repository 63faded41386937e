package detect

import (
	"math"
	"net/netip"
	"time"
)

// Place is where an address is.
type Place struct {
	Latitude, Longitude float64 // degrees
	Radius              float64 // kilometres within which it is
}

// travel reads a correlation of places.
func (r *reader) travel(c *correlation, cond *node) {
	const path = "correlation.condition"
	r.known(cond, path, "km", "kmh")
	t := travelRule{500, 900}
	if cond.get("km") != nil {
		t.km = r.decimal(cond, path, "km")
	}
	if cond.get("kmh") != nil {
		t.kmh = max(r.decimal(cond, path, "kmh"), 1)
	}
	c.start = func(limit int, cfg Config) correlator {
		if cfg.Locate == nil {
			return nil
		}
		worth := func(s *located, now int64) float64 { return max(float64(s.At), 0) }
		return &travelState{table: newTable(limit, worth), travelRule: t, locate: cfg.Locate}
	}
}

type travelRule struct{ km, kmh float64 }

// located is where a group was last.
type located struct {
	Place Place `json:"place"`
	At    int64 `json:"t"`
	Ref   Ref   `json:"r"`
	Known bool  `json:"known"`
}

// travelState finds what cannot have travelled. The radius of both places is
// taken from the distance.
type travelState struct {
	*table[located]
	travelRule
	locate func(netip.Addr) (Place, bool)
}

func (t *travelState) observe(o *observation, _ int, k *group) func() verdict {
	a, ok := address(o.e)
	if !ok {
		return nil
	}
	place, ok := t.locate(a)
	if !ok {
		return nil
	}
	s := t.get(k, o.at)
	before := *s
	*s = located{place, o.at, o.ref, true}
	if !before.Known {
		return nil
	}
	km := max(distanceKM(before.Place, place)-before.Place.Radius-place.Radius, 0)
	hours := max(time.Duration(o.at-before.At).Hours(), 1.0/3600)
	if km < t.km || km/hours < t.kmh {
		return nil
	}
	return func() verdict {
		return verdict{[]Term{
			{"kilometres between the places, less their radius", number(math.Round(km)), ">= " + number(t.km)},
			{"time between the events", time.Duration(o.at - before.At).String(), ""},
			{"kilometres an hour", number(math.Round(km / hours)), ">= " + number(t.kmh)},
		}, []Ref{before.Ref}, 2, before.At}
	}
}

// distanceKM is the distance on a sphere (haversine).
func distanceKM(a, b Place) float64 {
	const rad = math.Pi / 180
	dLat, dLon := (b.Latitude-a.Latitude)*rad, (b.Longitude-a.Longitude)*rad
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(a.Latitude*rad)*math.Cos(b.Latitude*rad)*math.Pow(math.Sin(dLon/2), 2)
	return 2 * 6371 * math.Asin(math.Min(1, math.Sqrt(h)))
}
