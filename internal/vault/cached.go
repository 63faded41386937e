package vault

import (
	"sync"

	"github.com/gatebook/gatebook/ledger"
)

// maxCached is the number of unwrapped keys that are kept.
const maxCached = 4096

// cached keeps unwrapped keys: to unwrap one can take a token's time.
type cached struct {
	mu   sync.Mutex // guards keys
	keys map[ledger.KeyID]*ledger.DataKey
}

func newCached() cached { return cached{keys: make(map[ledger.KeyID]*ledger.DataKey)} }

func (c *cached) get(id ledger.KeyID, unwrap func() (*ledger.DataKey, error)) (*ledger.DataKey, error) {
	c.mu.Lock()
	key := c.keys[id]
	c.mu.Unlock()
	if key != nil {
		return key, nil
	}
	key, err := unwrap()
	if err != nil {
		return nil, err
	}
	c.put(id, key)
	return key, nil
}

// put adds a key; if there are too many, another is dropped by chance.
func (c *cached) put(id ledger.KeyID, key *ledger.DataKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for old := range c.keys {
		if len(c.keys) < maxCached {
			break
		}
		delete(c.keys, old)
	}
	c.keys[id] = key
}

// drop forgets a key.
func (c *cached) drop(id ledger.KeyID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.keys, id)
}
