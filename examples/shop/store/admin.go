package store

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Users returns all users of the console.
func (s *Store) Users() []User {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return byID(s.users.rows, func(u User) string { return u.ID })
}

// SetUser adds a user of the console or replaces one.
func (s *Store) SetUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users.rows[u.ID] = u
}

// SetRoles changes a user's roles.
func (s *Store) SetRoles(id string, roles []string) (User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users.rows[id]
	if !ok {
		return u, fmt.Errorf("user %s: %w", id, ErrNotFound)
	}
	u.Roles = slices.Clone(roles)
	s.users.rows[id] = u
	return u, nil
}

// Settings returns the shop's settings.
func (s *Store) Settings() map[string]string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.settings)
}

// SetSettings changes settings. Each must exist; otherwise none is changed.
func (s *Store) SetSettings(changes map[string]string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range changes {
		if _, ok := s.settings[k]; !ok {
			return nil, fmt.Errorf("setting %q: %w", k, ErrNotFound)
		}
	}
	maps.Copy(s.settings, changes)
	return maps.Clone(s.settings), nil
}

// Refunds returns a page of refunds after an id.
func (s *Store) Refunds(after string, limit int) ([]Refund, string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.refunds.page(after, limit, nil)
}

// AddRefund gives back at most what a shipped order cost, once.
func (s *Store) AddRefund(order string, amount int64, reason, by string) (Refund, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.orders.rows[order]
	if !ok {
		return Refund{}, fmt.Errorf("order %s: %w", order, ErrNotFound)
	}
	if o.Status != Shipped {
		return Refund{}, fmt.Errorf("order %s is %s: %w", order, o.Status, ErrConflict)
	}
	if amount > o.Total {
		return Refund{}, fmt.Errorf("order %s cost %d only: %w", order, o.Total, ErrConflict)
	}
	o.Status = Refunded
	s.orders.rows[order] = o
	r := s.refunds.add("ref", func(id string) Refund {
		return Refund{ID: id, Order: order, Amount: amount, Reason: reason, By: by,
			At: time.Now().UTC().Truncate(time.Second)}
	})
	s.feed.publish("order.refunded", o)
	return r, nil
}
