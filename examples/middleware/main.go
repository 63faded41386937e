// Command middleware is a small API in Go that records its own calls: all that
// Gatebook needs is in main.
//
//	gatebook serve --no-gateway
//	GATEBOOK_TOKEN=$(gatebook readers add orders --role edge) go run ./examples/middleware
//	curl http://127.0.0.1:3000/customers/4711
//	gatebook object customer/4711
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/edge"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:3000", "`address` of the API")
	server := flag.String("server", "http://127.0.0.1:8401", "`URL` of Gatebook's operations listener")
	spool := flag.String("spool", "", "`folder` for events that Gatebook does not have yet; none: they wait in memory")
	recorded := flag.Bool("recorded", false, "give no answer before its event is sealed")
	flag.Parse()
	if err := run(*listen, *server, *spool, *recorded); err != nil {
		log.Fatal(err)
	}
}

func run(listen, server, spool string, recorded bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg := edge.Config{Server: server, Token: os.Getenv("GATEBOOK_TOKEN"), Spool: spool}
	if recorded {
		cfg.Options = capture.Options{Durability: capture.Recorded, Receipt: true}
	}
	book, err := edge.Open(ctx, cfg)
	if err != nil {
		return err
	}
	api := &http.Server{Addr: listen, Handler: book.Middleware(routes()), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- api.ListenAndServe() }()
	log.Printf("the API is at http://%s, and its record at %s as %s", listen, server, book.Name())
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	rest, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(err, api.Shutdown(rest), book.Close(rest))
}

// routes is the API. The middleware asks the mux for its patterns.
func routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /customers/{id}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]string{"id": r.PathValue("id"), "name": "Samir Almeida", "email": "samir.almeida@example.com"})
	})
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			answer(w, http.StatusRequestEntityTooLarge, map[string]string{"error": "the order is too large"})
			return
		}
		answer(w, http.StatusCreated, map[string]string{"id": fmt.Sprint(len(body))})
	})
	return mux
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
