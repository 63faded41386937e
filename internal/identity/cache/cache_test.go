package cache

import (
	"sync"
	"testing"
)

// TestBound: the newest results stay, the size holds.
func TestBound(t *testing.T) {
	const size = 256
	c := New[int, int](size)
	for i := range 10_000 {
		c.Put(i, -i)
		if v, ok := c.Get(i); !ok || v != -i {
			t.Fatalf("%d: got %d %v right after it was put", i, v, ok)
		}
		if v, ok := c.Get(0); !ok || v != 0 {
			t.Fatalf("after %d others: 0 was forgotten, though it was asked for each time", i)
		}
		if n := c.Len(); n > size {
			t.Fatalf("%d entries, want at most %d", n, size)
		}
	}
	if _, ok := c.Get(1); ok {
		t.Error("1 is still there after 9,998 others")
	}
	c.Put(0, 7)
	if v, _ := c.Get(0); v != 7 {
		t.Errorf("got %d, want 7", v)
	}
	c.Delete(0)
	if _, ok := c.Get(0); ok {
		t.Error("0 is still there after Delete")
	}
}

// TestConcurrent is for the race detector.
func TestConcurrent(t *testing.T) {
	c := New[int, int](64)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 1000 {
				c.Put(i%100, g)
				c.Get((i + g) % 100)
				c.Delete(i % 7)
			}
		})
	}
	wg.Wait()
	if n := c.Len(); n > 64 {
		t.Errorf("%d entries, want at most 64", n)
	}
}
