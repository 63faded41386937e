package operation

import "sync"

// keyInfo is what the name of a field says.
type keyInfo struct {
	own  bool   // an object's own id
	name bool   // one of the names by which paths call objects
	ref  string // type of the object whose id it has
	typ  string // type of the objects in a container of this name
}

// keyCache remembers what names of fields say. Names that come when it is full
// are looked at each time. It is safe for concurrent use.
type keyCache struct {
	mu sync.RWMutex
	m  map[string]*keyInfo // guarded by mu
}

const maxKeys = 8192

func newKeyCache() *keyCache { return &keyCache{m: make(map[string]*keyInfo)} }

func (c *keyCache) get(key []byte) *keyInfo {
	c.mu.RLock()
	k := c.m[string(key)]
	c.mu.RUnlock()
	if k != nil {
		return k
	}
	name := string(key)
	k = new(keyInfo)
	k.own, k.ref = idKey(name)
	k.name = idName[kebab(name)]
	if Shape(name) == Word { // else a map by id
		k.typ = typeOf(name)
	}
	c.mu.Lock()
	if len(c.m) < maxKeys {
		c.m[name] = k
	}
	c.mu.Unlock()
	return k
}
