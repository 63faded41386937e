// Package cache remembers the newest results of something expensive, up to a
// bound.
//
// It promises that it never holds more than its size, and that what was asked
// for lately outlives what was not: entries have two generations, and the old
// one is dropped whole when the young one is full. It has no clock: an entry
// that can become stale must carry its own time.
package cache

import (
	"hash/maphash"
	"sync"
)

const shards = 16

// Cache maps keys to values. It is safe for concurrent use. Use [New].
type Cache[K comparable, V any] struct {
	seed   maphash.Seed
	shards [shards]shard[K, V]
}

type shard[K comparable, V any] struct {
	mu         sync.Mutex // guards young and old
	limit      int        // of each generation
	young, old map[K]V
}

// New returns a cache for at most size entries; less than 32 means 32.
func New[K comparable, V any](size int) *Cache[K, V] {
	c := &Cache[K, V]{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i].limit = max(1, size/shards/2)
		c.shards[i].young = map[K]V{}
	}
	return c
}

// Get returns the value of k, and whether there is one.
func (c *Cache[K, V]) Get(k K) (V, bool) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.young[k]
	if !ok {
		if v, ok = s.old[k]; ok {
			s.put(k, v)
		}
	}
	return v, ok
}

// Put sets the value of k.
func (c *Cache[K, V]) Put(k K, v V) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(k, v)
}

// Delete forgets k.
func (c *Cache[K, V]) Delete(k K) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.young, k)
	delete(s.old, k)
}

// Len returns how many entries there are.
func (c *Cache[K, V]) Len() int {
	n := 0
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		n += len(s.young) + len(s.old)
		s.mu.Unlock()
	}
	return n
}

func (c *Cache[K, V]) shard(k K) *shard[K, V] {
	return &c.shards[maphash.Comparable(c.seed, k)%shards]
}

func (s *shard[K, V]) put(k K, v V) {
	if _, known := s.young[k]; !known && len(s.young) >= s.limit {
		s.old, s.young = s.young, make(map[K]V, s.limit)
	}
	delete(s.old, k)
	s.young[k] = v
}
