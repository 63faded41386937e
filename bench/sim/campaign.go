package main

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
)

// strengths are how an attacker goes about it.
var strengths = []string{"loud", "medium", "evasive"}

// campaign is one attack.
type campaign struct {
	name, strength string
	r              *rand.Rand
	begin          time.Time
	breach         time.Time // when that was done which is forbidden by itself; zero: nothing is
	trace          []trace
}

// trace is what an event of a campaign took.
type trace struct {
	id             event.ID
	at             time.Time
	records, bytes uint64
}

func (c *campaign) note(e *event.Event) {
	t := trace{e.ID, detect.Time(e), e.Records, e.Response.Bytes}
	if e.Outcome.Status >= 400 {
		t.records = 0
	}
	c.trace = append(c.trace, t)
}

func (c *campaign) breached(e *event.Event) {
	if c.breach.IsZero() {
		c.breach = detect.Time(e)
	}
}

// by returns one of three by the strength.
func by[T any](c *campaign, loud, medium, evasive T) T {
	return []T{loud, medium, evasive}[slices.Index(strengths, c.strength)]
}

// kinds are the campaigns, with what makes them.
var kinds = []struct {
	name   string
	volume bool // it can be warmed up for
	run    func(w *world, c *campaign)
}{
	{"exfiltration through an app", true, (*world).appExfiltration},
	{"insider drain", true, (*world).insiderDrain},
	{"low-and-slow drain", true, (*world).slowDrain},
	{"stolen key", false, (*world).stolenKey},
	{"stolen session", false, (*world).stolenSession},
	{"dormant key", false, (*world).dormantKey},
	{"stuffing, one source", true, (*world).stuffing},
	{"stuffing, many sources", true, (*world).spraying},
	{"BOLA enumeration", true, (*world).enumeration},
	{"scraping, one account", true, (*world).scraping},
	{"scraping, many accounts", true, (*world).crowd},
	{"flood", true, (*world).flood},
	{"expensive calls", true, (*world).expensive},
	{"admin-route escalation", false, (*world).adminRoute},
	{"self-grant", false, (*world).selfGrant},
	{"cross-tenant access", false, (*world).crossTenant},
	{"agent-chain abuse", false, (*world).agentChain},
}

// attack adds each campaign in each strength, after the quiet days, or only
// those of some names. With poison those that are about volume warm up: on each of four days before,
// twice as much as on the day before, up to half.
func (w *world) attack(poison bool, only ...string) {
	for _, k := range kinds {
		if len(only) > 0 && !slices.Contains(only, k.name) {
			continue
		}
		for _, strength := range strengths {
			c := &campaign{name: k.name, strength: strength, r: w.random(k.name + strength)}
			span := int64(float64(days-quietDays-1) * float64(day))
			if k.name == "low-and-slow drain" {
				span = int64(2 * day)
			}
			c.begin = begin.Add(quietDays*day + time.Duration(c.r.Int64N(span)))
			w.campaigns = append(w.campaigns, c)
			k.run(w, c)
			if poison && k.volume {
				w.warmUp(c)
			}
		}
	}
}

// warmUp repeats the beginning of a campaign on the days before it, and calls
// that a part of the campaign.
func (w *world) warmUp(c *campaign) {
	var own []item
	for _, items := range w.ahead {
		for _, it := range items {
			if it.c == c {
				own = append(own, it)
			}
		}
	}
	slices.SortStableFunc(own, func(a, b item) int { return a.at.Compare(b.at) })
	for i, share := range []int{2, 4, 8, 16} {
		for _, it := range own[:len(own)/share] {
			e := *it.e
			back := day * time.Duration(i+1)
			e.Completed = e.Completed.Add(-back)
			w.add(c, "", it.at.Add(-back), &e)
		}
	}
}

// thief is a session of a from elsewhere.
func (w *world) thief(c *campaign, a *actor, t time.Time, address string) *session {
	s := w.at(c.r, a, t, address)
	s.c = c
	return s
}

// somebody is one of the staff, the busier the more likely.
func (w *world) somebody(c *campaign, roles ...string) *actor {
	for {
		a := w.pick("staff", w.staff, c.r)
		if slices.Contains(roles, a.role) && a.rate > 1.5 {
			return a
		}
	}
}

func (w *world) program1(c *campaign, roles ...string) *actor {
	for {
		if a := one(c.r, w.apps); slices.Contains(roles, a.role) {
			return a
		}
	}
}

// ordinary is what an attacker does besides, as everybody does.
func (s *session) ordinary(n int) {
	s.cover = true
	for range n {
		if s.a.role == "customer" {
			s.browse()
		} else {
			s.task()
		}
		s.pause()
	}
	s.cover = false
}

func (w *world) buyer(c *campaign) *actor { return w.pick("customers", w.customers, c.r) }

// awake moves t into the hours of work.
func awake(t time.Time, r *rand.Rand) time.Time {
	return t.Truncate(day).Add(9*time.Hour + time.Duration(r.Int64N(int64(8*time.Hour))))
}

// sources are addresses that attackers have: rented machines, or the homes of
// others.
func (w *world) source(c *campaign) string {
	return by(c, w.net.hosts, w.net.homes, w.net.homes)[c.r.IntN(len(w.net.hosts))].address(c.r)
}
