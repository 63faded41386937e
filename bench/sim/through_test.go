package main

import (
	"context"
	"io"
	"testing"
	"time"
)

// TestThrough sends some minutes of a small world through a real gateway, with
// those loud campaigns in it that need no past: what it finds in its ledger
// shows each of them, and the calls of others show no attack.
func TestThrough(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a gateway")
	}
	x := through{seed: 2, events: 5000, speed: 600, length: 90 * time.Minute, names: []string{"BOLA enumeration", "self-grant", "cross-tenant access", "admin-route escalation", "stuffing, one source"}}
	r, err := x.run(context.Background(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	loud := 0
	for _, c := range r.campaigns {
		if _, ok := r.found[c]; c.strength == "loud" {
			loud++
			if !ok {
				t.Errorf("%s, loud: not found in %d calls", c.name, len(c.trace))
			}
		}
	}
	if loud < 4 {
		t.Errorf("%d loud campaigns fit into %v, want 4", loud, x.length)
	}
	for _, i := range r.incidents {
		if i.c == nil {
			t.Errorf("false: %s, %v from %s", i.entity, i.rules, i.alike)
		}
	}
}
