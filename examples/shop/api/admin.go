package api

import (
	"net/http"
	"strings"
)

// Roles is the body that sets a user's roles.
type Roles struct {
	Roles []string `json:"roles"`
}

// NewRefund is the body that refunds an order.
type NewRefund struct {
	Order  string `json:"order"`
	Amount int64  `json:"amount"`
	Reason string `json:"reason"`
}

func (s *Server) listUsers(w http.ResponseWriter, _ *http.Request) error {
	return writePage(w, s.store.Users(), "")
}

func (s *Server) setRoles(w http.ResponseWriter, r *http.Request) error {
	var in Roles
	if err := read(w, r, &in); err != nil {
		return err
	}
	if len(in.Roles) > 10 {
		return badRequest("roles: at most ten")
	}
	u, err := s.store.SetRoles(r.PathValue("id"), in.Roles)
	return answer(w, http.StatusOK, u, err)
}

func (s *Server) getSettings(w http.ResponseWriter, _ *http.Request) error {
	write(w, http.StatusOK, s.store.Settings())
	return nil
}

func (s *Server) changeSettings(w http.ResponseWriter, r *http.Request) error {
	in := map[string]string{}
	if err := read(w, r, &in); err != nil {
		return err
	}
	out, err := s.store.SetSettings(in)
	return answer(w, http.StatusOK, out, err)
}

func (s *Server) listRefunds(w http.ResponseWriter, r *http.Request) error {
	after, limit, err := paged(r)
	if err != nil {
		return err
	}
	rows, next := s.store.Refunds(after, limit)
	return writePage(w, rows, next)
}

func (s *Server) refund(w http.ResponseWriter, r *http.Request) error {
	var in NewRefund
	if err := read(w, r, &in); err != nil {
		return err
	}
	if in.Amount < 1 {
		return badRequest("amount: want at least 1")
	}
	if strings.TrimSpace(in.Reason) == "" {
		return badRequest("reason: must be given")
	}
	out, err := s.store.AddRefund(in.Order, in.Amount, in.Reason, principal(r.Context()).Subject)
	if err == nil {
		w.Header().Set("Location", "/v1/admin/refunds")
	}
	return answer(w, http.StatusCreated, out, err)
}
