package classify

import (
	"fmt"
	"sync"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

// Defaults for the zero values of [Config].
const (
	DefaultMaxBytes  = 32 << 20 // of one body that are read
	DefaultMaxRoutes = 4096     // routes that are learned
	DefaultMaxFields = 1024     // fields of a route that are learned
)

// Config says what to look for. The zero value is useful.
type Config struct {
	Redactor  *redact.Redactor   // knows the names of secrets; nil: secrets are known by their shape alone
	Names     map[Class][]string // more names of fields, by class; compared without regard to case, accents and separators
	Omit      []Class            // classes that are not counted
	Seed      uint64             // keeps hashes of paths from being guessed; must be the same for a snapshot to be of use
	MaxBytes  int64              // of one body that are read; 0: DefaultMaxBytes
	MaxRoutes int                // routes that are learned; 0: DefaultMaxRoutes
	MaxFields int                // fields of a route that are learned; 0: DefaultMaxFields
}

// Classifier finds classes of data, and learns where they are. It is safe for
// concurrent use; each body gets its own [Scan].
type Classifier struct {
	redactor  *redact.Redactor
	extra     map[string]kind
	out       [classCount]bool
	seed      uint64
	maxBytes  int64
	maxRoutes int
	maxFields int
	scans     sync.Pool
	cache     nameCache

	mu     sync.RWMutex // guards what follows
	routes map[uint64]*route
	ring   []uint64 // the keys of routes; where a new one has no room, the next one that was not used since the last turn goes
	hand   int
}

// New returns a classifier, or an error that names the class or the name that
// cannot be used.
func New(c Config) (*Classifier, error) {
	k := &Classifier{
		redactor: c.Redactor, seed: c.Seed, maxBytes: c.MaxBytes, maxRoutes: c.MaxRoutes, maxFields: c.MaxFields,
		routes: make(map[uint64]*route),
	}
	if k.maxBytes <= 0 {
		k.maxBytes = DefaultMaxBytes
	}
	if k.maxRoutes <= 0 {
		k.maxRoutes = DefaultMaxRoutes
	}
	if k.maxFields <= 0 {
		k.maxFields = DefaultMaxFields
	}
	k.out[None] = true
	for _, class := range c.Omit {
		if class == None || class >= classCount {
			return nil, fmt.Errorf("classify: class %d: there is no such class", class)
		}
		k.out[class] = true
	}
	for class, list := range c.Names {
		if class == None || class >= classCount {
			return nil, fmt.Errorf("classify: class %d: there is no such class", class)
		}
		for _, name := range list {
			n := NormalName(name)
			if n == "" || len(name) > maxKey {
				return nil, fmt.Errorf("classify: %s: name %q: want 1 to %d letters", class.Code(), name, maxKey)
			}
			if k.extra == nil {
				k.extra = make(map[string]kind)
			}
			k.extra[n] = kind(class)
		}
	}
	k.scans.New = func() any { return new(Scan) }
	return k, nil
}

// NormalName returns name as names are compared: in lower case, without
// accents, separators and digits. It is empty if nothing is left.
func NormalName(name string) string {
	var buf [2 * maxKey]byte
	var ends [16]uint8
	text, _ := splitName(&buf, &ends, []byte(name))
	return string(text)
}

// Body says what a body is.
type Body struct {
	Route string // what its fields are learned under: method, host and template, or the path; only its hash is kept; empty: nothing is learned
	Type  string // Content-Type, as sent; empty: it is told by its first byte
}

// Scan begins to read a body. The scan must be ended with [Scan.End].
func (c *Classifier) Scan(b Body) *Scan {
	s := c.scans.Get().(*Scan)
	s.begin(c, b)
	return s
}

// route returns what is learned of a route; nil: nothing is.
func (c *Classifier) route(name string) *route {
	if name == "" {
		return nil
	}
	key := hashBytes(c.seed^hashM1, []byte(name))
	c.mu.RLock()
	r := c.routes[key]
	c.mu.RUnlock()
	if r == nil {
		r = c.newRoute(key)
	}
	if !r.used.Load() {
		r.used.Store(true)
	}
	return r
}

func (c *Classifier) newRoute(key uint64) *route {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.routes[key]; r != nil {
		return r
	}
	r := new(route)
	c.routes[key] = r
	if len(c.ring) < c.maxRoutes {
		c.ring = append(c.ring, key)
		return r
	}
	for c.routes[c.ring[c.hand]].used.Swap(false) {
		c.hand = (c.hand + 1) % len(c.ring)
	}
	delete(c.routes, c.ring[c.hand])
	c.ring[c.hand] = key
	c.hand = (c.hand + 1) % len(c.ring)
	return r
}

// Result is what was found in a body.
type Result struct {
	Data      []event.Data // classes and how often each occurs, sorted by code; nil: none
	Records   uint64       // of the list that the body is; 0: it is none
	Objects   uint64       // distinct ids of these records; 0: they have none that is known
	Estimated bool         // Objects is an estimate: there are more than maxIDs
	Bytes     uint64       // that passed
	Partial   bool         // not all of it could be read: too long, or cut off
}
