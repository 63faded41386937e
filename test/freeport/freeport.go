// Package freeport finds addresses for the servers of tests that must know
// their address before they listen.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// Ports are taken from below those that systems give to outgoing connections
// (from 32768 on Linux): else any connection may take the port between two
// looks.
const (
	lowest  = 10_000
	highest = 32_000
)

var (
	mu    sync.Mutex
	given = make(map[int]bool)
)

// Address returns an address of loopback on which nobody listens, and which was
// not returned before in this process. It is safe for concurrent use.
func Address(t testing.TB) string {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	for range 1000 {
		port := lowest + rand.IntN(highest-lowest)
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if given[port] {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue // somebody has it
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		given[port] = true
		return address
	}
	t.Fatalf("no port from %d to %d is free on 127.0.0.1", lowest, highest)
	return ""
}
