package api

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/gatebook/gatebook/examples/shop/store"
)

// exportPage is how many rows are read from the store at a time.
const exportPage = 200

// export streams everything of a kind: one page after the other, so that the
// store is not locked and the answer not held in memory.
func (s *Server) export(w http.ResponseWriter, r *http.Request) error {
	format := r.URL.Query().Get("format")
	if format == "" {
		format = "ndjson"
	}
	if format != "ndjson" && format != "csv" {
		return badRequest("format: want ndjson or csv")
	}
	kind := r.PathValue("kind")
	switch kind {
	case "customers":
		header := []string{"id", "name", "email", "phone", "street", "city", "postal_code", "country", "iban", "card_token", "segment", "since"}
		stream(w, format, kind, header, customerRow, func(after string) ([]store.Customer, string) {
			return s.store.Customers(after, exportPage, "")
		})
	case "orders":
		header := []string{"id", "customer", "total", "currency", "status", "placed"}
		stream(w, format, kind, header, orderRow, func(after string) ([]store.Order, string) {
			return s.store.Orders(after, exportPage, "", "")
		})
	default:
		return problem{http.StatusNotFound, "export of " + strconv.Quote(kind) + ": want customers or orders"}
	}
	return nil
}

func customerRow(c store.Customer) []string {
	a := c.Address
	return []string{c.ID, c.Name, c.Email, c.Phone, a.Street, a.City, a.PostalCode, a.Country, c.IBAN, c.CardToken,
		c.Segment, c.Since.Format(time.RFC3339)}
}

func orderRow(o store.Order) []string {
	return []string{o.ID, o.Customer, strconv.FormatInt(o.Total, 10), o.Currency, string(o.Status), o.Placed.Format(time.RFC3339)}
}

// stream writes rows until there are no more or the client has gone.
func stream[T any](w http.ResponseWriter, format, kind string, header []string, row func(T) []string, next func(after string) ([]T, string)) {
	media := map[string]string{"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8; header=present"}
	w.Header().Set("Content-Type", media[format])
	w.Header().Set("Content-Disposition", "attachment; filename="+kind+"."+format)
	put, flush := jsonLines[T](w)
	if format == "csv" {
		put, flush = csvLines(w, header, row)
	}
	flusher := http.NewResponseController(w)
	for after, more := "", true; more; {
		var rows []T
		rows, after = next(after)
		more = after != ""
		for _, v := range rows {
			if put(v) != nil {
				return
			}
		}
		if flush() != nil || flusher.Flush() != nil {
			return
		}
	}
}

func jsonLines[T any](w io.Writer) (put func(T) error, flush func() error) {
	e := json.NewEncoder(w)
	return func(v T) error { return e.Encode(v) }, func() error { return nil }
}

func csvLines[T any](w io.Writer, header []string, row func(T) []string) (put func(T) error, flush func() error) {
	c := csv.NewWriter(w)
	_ = c.Write(header) // kept by c and told by Error
	return func(v T) error { return c.Write(row(v)) }, func() error { c.Flush(); return c.Error() }
}
