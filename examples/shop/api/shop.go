package api

import (
	"encoding/base64"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/examples/shop/store"
)

const (
	defaultLimit = 50
	maxLimit     = 200
)

// page is one page of a list.
type page[T any] struct {
	Items []T `json:"items"`
	// Next is the cursor of the next page; empty at the end.
	Next string `json:"next_cursor,omitempty"`
}

// paged reads limit and cursor.
func paged(r *http.Request) (after string, limit int, err error) {
	q := r.URL.Query()
	limit = defaultLimit
	if v := q.Get("limit"); v != "" {
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > maxLimit {
			return "", 0, badRequest("limit: want a number from 1 to %d", maxLimit)
		}
	}
	cursor, err := base64.RawURLEncoding.DecodeString(q.Get("cursor"))
	if err != nil {
		return "", 0, badRequest("cursor: give next_cursor of the page before")
	}
	return string(cursor), limit, nil
}

// writePage answers with a page; after is where the next one begins.
func writePage[T any](w http.ResponseWriter, rows []T, after string) error {
	write(w, http.StatusOK, page[T]{Items: rows, Next: base64.RawURLEncoding.EncodeToString([]byte(after))})
	return nil
}

// answer writes what the store returned.
func answer[T any](w http.ResponseWriter, status int, v T, err error) error {
	if err == nil {
		write(w, status, v)
	}
	return err
}

// NewCustomer is the body that adds a customer.
type NewCustomer struct {
	Name    string        `json:"name"`
	Email   string        `json:"email"`
	Phone   string        `json:"phone,omitempty"`
	Address store.Address `json:"address"`
	IBAN    string        `json:"iban,omitempty"`
	Segment string        `json:"segment,omitempty"`
}

// CustomerChange is the body that changes a customer; what is absent stays.
type CustomerChange struct {
	Name    *string        `json:"name"`
	Email   *string        `json:"email"`
	Phone   *string        `json:"phone"`
	Address *store.Address `json:"address"`
	Segment *string        `json:"segment"`
}

// NewOrder is the body that places an order.
type NewOrder struct {
	Customer string    `json:"customer"`
	Lines    []NewLine `json:"lines"`
}

// NewLine is one product of a new order.
type NewLine struct {
	Product  string `json:"product"`
	Quantity int    `json:"quantity"`
}

// Stock is the body that sets the stock of a product.
type Stock struct {
	Stock int `json:"stock"`
}

func (s *Server) listCustomers(w http.ResponseWriter, r *http.Request) error {
	after, limit, err := paged(r)
	if err != nil {
		return err
	}
	rows, next := s.store.Customers(after, limit, strings.ToUpper(r.URL.Query().Get("country")))
	return writePage(w, rows, next)
}

func (s *Server) getCustomer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.store.Customer(r.PathValue("id"))
	return answer(w, http.StatusOK, c, err)
}

func (s *Server) createCustomer(w http.ResponseWriter, r *http.Request) error {
	var in NewCustomer
	if err := read(w, r, &in); err != nil {
		return err
	}
	if strings.TrimSpace(in.Name) == "" {
		return badRequest("name: must be given")
	}
	if err := checkEmail(in.Email); err != nil {
		return err
	}
	if in.Segment == "" {
		in.Segment = "private"
	}
	if err := checkSegment(in.Segment); err != nil {
		return err
	}
	c, err := s.store.AddCustomer(store.Customer{Name: in.Name, Email: in.Email, Phone: in.Phone,
		Address: in.Address, IBAN: in.IBAN, Segment: in.Segment})
	if err == nil {
		w.Header().Set("Location", "/v1/customers/"+c.ID)
	}
	return answer(w, http.StatusCreated, c, err)
}

func checkEmail(v string) error {
	if a, err := mail.ParseAddress(v); err != nil || a.Address != v {
		return badRequest("email: want an address such as ada@example.com")
	}
	return nil
}

func checkSegment(v string) error {
	if segments := []string{"private", "business", "vip"}; !slices.Contains(segments, v) {
		return badRequest("segment: want one of %s", strings.Join(segments, ", "))
	}
	return nil
}

func (s *Server) changeCustomer(w http.ResponseWriter, r *http.Request) error {
	var in CustomerChange
	if err := read(w, r, &in); err != nil {
		return err
	}
	if in.Email != nil {
		if err := checkEmail(*in.Email); err != nil {
			return err
		}
	}
	if in.Segment != nil {
		if err := checkSegment(*in.Segment); err != nil {
			return err
		}
	}
	c, err := s.store.ChangeCustomer(r.PathValue("id"), func(c *store.Customer) {
		set(&c.Name, in.Name)
		set(&c.Email, in.Email)
		set(&c.Phone, in.Phone)
		set(&c.Address, in.Address)
		set(&c.Segment, in.Segment)
	})
	return answer(w, http.StatusOK, c, err)
}

// set changes what was given.
func set[T any](field, given *T) {
	if given != nil {
		*field = *given
	}
}

func (s *Server) deleteCustomer(w http.ResponseWriter, r *http.Request) error {
	if err := s.store.RemoveCustomer(r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) listCustomerOrders(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.store.Customer(r.PathValue("id")); err != nil {
		return err
	}
	return s.pageOfOrders(w, r, r.PathValue("id"))
}

func (s *Server) listOrders(w http.ResponseWriter, r *http.Request) error {
	return s.pageOfOrders(w, r, "")
}

func (s *Server) pageOfOrders(w http.ResponseWriter, r *http.Request, customer string) error {
	after, limit, err := paged(r)
	if err != nil {
		return err
	}
	status := store.Status(r.URL.Query().Get("status"))
	if known := []store.Status{"", store.Open, store.Shipped, store.Cancelled, store.Refunded}; !slices.Contains(known, status) {
		return badRequest("status: want one of open, shipped, cancelled, refunded")
	}
	rows, next := s.store.Orders(after, limit, customer, status)
	return writePage(w, rows, next)
}

func (s *Server) getOrder(w http.ResponseWriter, r *http.Request) error {
	o, err := s.store.Order(r.PathValue("id"))
	return answer(w, http.StatusOK, o, err)
}

func (s *Server) placeOrder(w http.ResponseWriter, r *http.Request) error {
	var in NewOrder
	if err := read(w, r, &in); err != nil {
		return err
	}
	if len(in.Lines) == 0 || len(in.Lines) > 100 {
		return badRequest("lines: want 1 to 100")
	}
	lines := make([]store.Line, len(in.Lines))
	for i, l := range in.Lines {
		if l.Quantity < 1 || l.Quantity > 1000 {
			return badRequest("lines[%d].quantity: want 1 to 1000", i)
		}
		lines[i] = store.Line{Product: l.Product, Quantity: l.Quantity}
	}
	o, err := s.store.AddOrder(in.Customer, lines)
	if err == nil {
		w.Header().Set("Location", "/v1/orders/"+o.ID)
	}
	return answer(w, http.StatusCreated, o, err)
}

func (s *Server) cancelOrder(w http.ResponseWriter, r *http.Request) error {
	o, err := s.store.CancelOrder(r.PathValue("id"))
	return answer(w, http.StatusOK, o, err)
}

func (s *Server) listProducts(w http.ResponseWriter, r *http.Request) error {
	after, limit, err := paged(r)
	if err != nil {
		return err
	}
	rows, next := s.store.Products(after, limit, r.URL.Query().Get("category"))
	return writePage(w, rows, next)
}

func (s *Server) getProduct(w http.ResponseWriter, r *http.Request) error {
	p, err := s.store.Product(r.PathValue("id"))
	return answer(w, http.StatusOK, p, err)
}

func (s *Server) setStock(w http.ResponseWriter, r *http.Request) error {
	var in Stock
	if err := read(w, r, &in); err != nil {
		return err
	}
	if in.Stock < 0 {
		return badRequest("stock: may not be negative")
	}
	p, err := s.store.SetStock(r.PathValue("id"), in.Stock)
	return answer(w, http.StatusOK, p, err)
}

func (s *Server) me(w http.ResponseWriter, r *http.Request) error {
	write(w, http.StatusOK, principal(r.Context()))
	return nil
}

// search pages by counting: its cursor is the number of hits seen.
func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	cursor, limit, err := paged(r)
	if err != nil {
		return err
	}
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	if len(text) < 2 {
		return badRequest("q: want at least two characters")
	}
	skip := 0
	if cursor != "" {
		if skip, err = strconv.Atoi(cursor); err != nil || skip < 0 {
			return badRequest("cursor: give next_cursor of the page before")
		}
	}
	hits, more := s.store.Search(text, skip, limit)
	next := ""
	if more {
		next = strconv.Itoa(skip + len(hits))
	}
	return writePage(w, hits, next)
}
