package redact

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Config says what to redact beyond the defaults. Names are compared without
// regard to letter case, dashes, underscores and dots.
type Config struct {
	Key         Key      // the installation's key; required
	Headers     []string // more header fields whose whole value is a secret
	QueryParams []string // more query and form parameters
	Fields      []string // more names of JSON, form, multipart and XML fields
	Cookies     []string // cookies to redact that the defaults leave alone (settings such as "lang")
	Allow       []string // names that are never redacted for their name, in any place; shapes and known secrets still are
}

// Redactor redacts calls. It is immutable and safe for use by several
// goroutines; each call gets its own [Call].
type Redactor struct {
	headers *nameSet
	query   *nameSet // also for form fields
	fields  *nameSet
	cookies *nameSet // those that are not to be redacted
	hashers sync.Pool
}

// New returns a Redactor, or an error that names the key of the configuration
// that cannot be used.
func New(config Config) (*Redactor, error) {
	if len(config.Key) < MinKey {
		return nil, fmt.Errorf("fingerprint key: have %d bytes, want at least %d random ones", len(config.Key), MinKey)
	}
	lists := []struct {
		key   string
		names []string
	}{
		{"headers", config.Headers}, {"query params", config.QueryParams}, {"fields", config.Fields},
		{"cookies", config.Cookies}, {"allow", config.Allow},
	}
	for _, list := range lists {
		for _, name := range list.names {
			if len(name) > maxName || strings.Trim(name, "-_. []$@") == "" {
				return nil, fmt.Errorf("redact %s: name %q: want 1 to %d letters or digits", list.key, name, maxName)
			}
		}
	}
	key := slices.Clone(config.Key)
	return &Redactor{
		headers: newNameSet(config.Allow, headerNames, config.Headers),
		query:   newNameSet(config.Allow, queryNames, fieldNames, config.QueryParams, config.Fields),
		fields:  newNameSet(config.Allow, fieldNames, config.Fields),
		cookies: newSettings(config.Cookies, config.Allow),
		hashers: sync.Pool{New: func() any { return newHasher(key) }},
	}, nil
}

// newSettings returns the set of cookies that stay as they are.
func newSettings(redact, allow []string) *nameSet {
	n := newNameSet(redact, cookieExceptions, allow)
	n.suffix = nil
	return n
}

// Fingerprint returns what [Fingerprint] returns for the redactor's key.
func (r *Redactor) Fingerprint(secret string) string {
	h := r.hashers.Get().(*hasher)
	fp := h.fingerprint(secret)
	r.hashers.Put(h)
	return fp
}

// Place says in which part of a call a secret was found.
type Place string

// The places.
const (
	InHeader Place = "header"
	InQuery  Place = "query"
	InPath   Place = "path"
	InBody   Place = "body"
)

// Found is one secret that was taken out.
type Found struct {
	Place       Place
	Name        string // the header, cookie, parameter or field; or the shape: "jwt", "private-key"; or "known"
	Fingerprint string // empty: the secret was cut short
}

// Known is a secret that the call is known to use.
type Known struct {
	Value       Secret
	Fingerprint string // empty: it is computed
}

// Call redacts the parts of one call. It remembers the secrets that it finds,
// and replaces them in the parts that come later, so hand it the parts in the
// order in which they came: request header, query, path and body, then those
// of the response. It is for one goroutine at a time. Strings and slices that
// it returns may be those that it was given, where nothing was found.
type Call struct {
	r      *Redactor
	known  []knownSecret
	found  []Found
	place  Place
	edits  []edit // reused from part to part
	nested int    // how deep in encodings within encodings
}

// Call returns a Call that knows the given secrets already.
func (r *Redactor) Call(known ...Known) *Call {
	c := &Call{r: r}
	for _, k := range known {
		c.learn(string(k.Value), k.Fingerprint, fromCredential)
	}
	return c
}

// Found returns the secrets taken out so far, in the order of the parts. A
// secret that occurs several times is listed several times.
func (c *Call) Found() []Found { return c.found }

// Bytes held back: a text of many small secrets is not worth a list of all.
const maxFound = 256

func (c *Call) note(name, fp string) {
	if len(c.found) < maxFound {
		c.found = append(c.found, Found{c.place, strings.Clone(name), fp})
	}
}

// fingerprint returns the fingerprint of secret, and remembers both if the
// secret comes from where secrets are worth it.
func (c *Call) fingerprint(secret string, from source) string {
	if isFingerprint(secret) || secret == Mark {
		return secret
	}
	for i := range c.known {
		if c.known[i].value == secret {
			c.known[i].from = max(c.known[i].from, from)
			return c.known[i].fp
		}
	}
	fp := c.r.Fingerprint(secret)
	c.learn(secret, fp, from)
	return fp
}

// edit replaces s[start:end].
type edit struct {
	start, end int
	with       string
	name       string // for Found
	fp         string // for Found; empty: cut short
}

// apply returns s with the edits made. Where edits overlap, the one that
// starts first (of those, the one made first) says what is put in, and all
// that any of them covers goes.
func (c *Call) apply(s string, edits []edit) string {
	if len(edits) == 0 {
		return s
	}
	if !slices.IsSortedFunc(edits, byStart) {
		slices.SortStableFunc(edits, byStart)
	}
	out := make([]byte, 0, len(s)+16*len(edits))
	pos := 0
	for _, e := range edits {
		if e.start < pos {
			pos = max(pos, e.end)
			continue
		}
		out = append(out, s[pos:e.start]...)
		out = append(out, e.with...)
		pos = e.end
		if e.name != "" {
			c.note(e.name, e.fp)
		}
	}
	return string(append(out, s[pos:]...))
}

func byStart(a, b edit) int { return a.start - b.start }
