// Package store holds the sample shop's data in memory: customers, orders,
// products, files, refunds, settings, users of the console.
//
// A new store is filled with invented data that is the same each time: e-mail
// addresses and telephone numbers are from ranges that are set aside for
// examples, account numbers have valid check digits and a bank code that no
// bank has. Nothing is kept when the program ends.
package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

var (
	// ErrNotFound says that there is no such thing.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that the state of the thing does not allow the change.
	// Errors that wrap it say why.
	ErrConflict = errors.New("conflict")
)

// A Store is the shop's state. Its methods may be called concurrently; what
// they return are copies.
type Store struct {
	mu        sync.RWMutex // guards what follows
	customers table[Customer]
	orders    table[Order]
	products  table[Product]
	files     table[File]
	refunds   table[Refund]
	users     table[User]
	settings  map[string]string
	emails    map[string]string // e-mail to customer id
	kept      int64             // bytes of file contents

	feed *feed
}

// table is a list in the order of ids, which only grow, and a map of it.
type table[T any] struct {
	ids  []string
	rows map[string]T
	next int
}

func newTable[T any](first int) table[T] { return table[T]{rows: map[string]T{}, next: first} }

// add makes an id and stores what the id's owner looks like.
func (t *table[T]) add(prefix string, make func(id string) T) T {
	id := fmt.Sprintf("%s_%06d", prefix, t.next)
	t.next++
	row := make(id)
	t.ids = append(t.ids, id)
	t.rows[id] = row
	return row
}

func (t *table[T]) remove(id string) {
	if i, ok := slices.BinarySearch(t.ids, id); ok {
		t.ids = slices.Delete(t.ids, i, i+1)
		delete(t.rows, id)
	}
}

// page returns up to limit rows after the id, and the id to go on after;
// empty at the end.
func (t *table[T]) page(after string, limit int, keep func(T) bool) ([]T, string) {
	i, found := slices.BinarySearch(t.ids, after)
	if found {
		i++
	}
	rows := []T{}
	for ; i < len(t.ids); i++ {
		row := t.rows[t.ids[i]]
		if keep != nil && !keep(row) {
			continue
		}
		if len(rows) == limit {
			return rows, t.ids[i-1] // what it skipped stays skipped
		}
		rows = append(rows, row)
	}
	return rows, ""
}

// Customers returns a page of customers after an id, optionally of one country.
func (s *Store) Customers(after string, limit int, country string) ([]Customer, string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.customers.page(after, limit, func(c Customer) bool {
		return country == "" || c.Address.Country == country
	})
}

// Customer returns one customer.
func (s *Store) Customer(id string) (Customer, error) { return get(s, &s.customers, id) }

// Order returns one order.
func (s *Store) Order(id string) (Order, error) { return get(s, &s.orders, id) }

// Product returns one product.
func (s *Store) Product(id string) (Product, error) { return get(s, &s.products, id) }

func get[T any](s *Store, t *table[T], id string) (T, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	row, ok := t.rows[id]
	if !ok {
		return row, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return row, nil
}

// AddCustomer stores a new customer. An e-mail address can be used once.
func (s *Store) AddCustomer(c Customer) (Customer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other, taken := s.emails[strings.ToLower(c.Email)]; taken {
		return Customer{}, fmt.Errorf("e-mail address belongs to %s: %w", other, ErrConflict)
	}
	c.Since = time.Now().UTC().Truncate(time.Second)
	c = s.customers.add("cus", func(id string) Customer { c.ID = id; return c })
	s.emails[strings.ToLower(c.Email)] = c.ID
	return c, nil
}

// ChangeCustomer lets change edit a copy of a customer and stores it.
func (s *Store) ChangeCustomer(id string, change func(*Customer)) (Customer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.customers.rows[id]
	if !ok {
		return c, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	before := strings.ToLower(c.Email)
	change(&c)
	after := strings.ToLower(c.Email)
	if other, taken := s.emails[after]; taken && other != id {
		return Customer{}, fmt.Errorf("e-mail address belongs to %s: %w", other, ErrConflict)
	}
	delete(s.emails, before)
	s.emails[after] = id
	c.ID = id
	s.customers.rows[id] = c
	return c, nil
}

// RemoveCustomer deletes a customer who has no open order.
func (s *Store) RemoveCustomer(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.customers.rows[id]
	if !ok {
		return fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	for _, o := range s.orders.rows {
		if o.Customer == id && o.Status == Open {
			return fmt.Errorf("order %s is still open: %w", o.ID, ErrConflict)
		}
	}
	delete(s.emails, strings.ToLower(c.Email))
	s.customers.remove(id)
	return nil
}

// Orders returns a page of orders after an id; of one customer and of one
// status, unless those are empty.
func (s *Store) Orders(after string, limit int, customer string, status Status) ([]Order, string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.orders.page(after, limit, func(o Order) bool {
		return (customer == "" || o.Customer == customer) && (status == "" || o.Status == status)
	})
}

// AddOrder sells products to a customer: prices are the products', stock is
// taken, and the feed tells.
func (s *Store) AddOrder(customer string, lines []Line) (Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.customers.rows[customer]; !ok {
		return Order{}, fmt.Errorf("customer %s: %w", customer, ErrNotFound)
	}
	wanted, total := map[string]int{}, int64(0)
	lines = slices.Clone(lines)
	for i, l := range lines {
		p, ok := s.products.rows[l.Product]
		if !ok {
			return Order{}, fmt.Errorf("product %s: %w", l.Product, ErrNotFound)
		}
		if wanted[l.Product] += l.Quantity; wanted[l.Product] > p.Stock {
			return Order{}, fmt.Errorf("product %s: %d in stock: %w", p.ID, p.Stock, ErrConflict)
		}
		lines[i].Price = p.Price
		total += p.Price * int64(l.Quantity)
	}
	for id, n := range wanted {
		p := s.products.rows[id]
		p.Stock -= n
		s.products.rows[id] = p
	}
	o := s.orders.add("ord", func(id string) Order {
		return Order{ID: id, Customer: customer, Lines: lines, Total: total, Currency: "EUR", Status: Open,
			Placed: time.Now().UTC().Truncate(time.Second)}
	})
	s.feed.publish("order.placed", o)
	return o, nil
}

// CancelOrder cancels an open order and puts its products back.
func (s *Store) CancelOrder(id string) (Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.orders.rows[id]
	if !ok {
		return o, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	if o.Status != Open {
		return Order{}, fmt.Errorf("%s is %s: %w", id, o.Status, ErrConflict)
	}
	o.Status = Cancelled
	s.orders.rows[id] = o
	for _, l := range o.Lines {
		if p, ok := s.products.rows[l.Product]; ok {
			p.Stock += l.Quantity
			s.products.rows[l.Product] = p
		}
	}
	s.feed.publish("order.cancelled", o)
	return o, nil
}

// Products returns a page of products after an id, of one category unless
// that is empty.
func (s *Store) Products(after string, limit int, category string) ([]Product, string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.products.page(after, limit, func(p Product) bool { return category == "" || p.Category == category })
}

// SetStock says how many of a product there are.
func (s *Store) SetStock(id string, stock int) (Product, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.products.rows[id]
	if !ok {
		return p, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	p.Stock = stock
	s.products.rows[id] = p
	return p, nil
}

// A Hit is something that a search found.
type Hit struct {
	// Kind is customer, order or product.
	Kind string `json:"kind"`
	// ID of what was found.
	ID string `json:"id"`
	// Title is its name.
	Title string `json:"title"`
}

// Search looks for a text in names, e-mail addresses, cities and ids of
// customers and in names of products. It skips the first hits, returns at
// most limit, and says whether there are more.
func (s *Store) Search(text string, skip, limit int) ([]Hit, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	text = strings.ToLower(text)
	hits := []Hit{}
	found := func(h Hit, in ...string) (full bool) {
		if !slices.ContainsFunc(in, func(v string) bool { return strings.Contains(strings.ToLower(v), text) }) {
			return false
		}
		if skip > 0 {
			skip--
			return false
		}
		if len(hits) == limit {
			return true
		}
		hits = append(hits, h)
		return false
	}
	for _, id := range s.customers.ids {
		c := s.customers.rows[id]
		if found(Hit{"customer", id, c.Name}, id, c.Name, c.Email, c.Address.City) {
			return hits, true
		}
	}
	for _, id := range s.products.ids {
		p := s.products.rows[id]
		if found(Hit{"product", id, p.Name}, id, p.Name) {
			return hits, true
		}
	}
	return hits, false
}

// byID sorts rows by their id.
func byID[T any](rows map[string]T, id func(T) string) []T {
	out := make([]T, 0, len(rows))
	for _, row := range rows {
		out = append(out, row)
	}
	slices.SortFunc(out, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	return out
}
