package gateway_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/gateway"
)

// discard is a sink that seals events, as the recorder does, and drops them.
type discard struct{}

func (discard) Put(e *event.Event) { e.Seal(new([event.Classes]event.Salt)) }

func (discard) Append(_ context.Context, e *event.Event) (capture.Receipt, error) {
	e.Seal(new([event.Classes]event.Salt))
	return capture.Receipt{}, nil
}

// BenchmarkCall is a GET with a kilobyte of answer through the gateway, with
// 64 connections. The client and the API are in the process too, and as bare
// as they can be; BenchmarkBare is what they cost without the gateway.
func BenchmarkCall(b *testing.B) {
	api := bareAPI(b)
	rec, err := capture.New(capture.Config{Edge: "bench", Method: "gateway", Sink: discard{}, Key: []byte("0123456789abcdef")})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	g, err := gateway.New(gateway.Config{
		Recorder: rec, Listeners: []gateway.Listener{{Listener: l}}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Routes: []gateway.Route{{Name: "api", Upstream: gateway.Upstream{URL: &url.URL{Scheme: "http", Host: api}}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); g.Run(ctx) }()
	drive(b, l.Addr().String())
	cancel()
	<-done
}

// BenchmarkBare is the client and the API of BenchmarkCall without gateway.
func BenchmarkBare(b *testing.B) { drive(b, bareAPI(b)) }

const benchRequest = "GET /customers/4711?expand=orders HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: bench/1.0\r\nAccept: application/json\r\n" +
	"Authorization: Bearer 0123456789abcdef0123456789abcdef\r\nX-Request-Id: 0123456789\r\n\r\n"

func bareAPI(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	body := `{"id":4711,"name":"Ann Example","orders":[` + strings.Repeat(`{"id":1,"total":"12.50"},`, 38) + `0]}`
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 23 Nov 2026 23:28:00 GMT\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for {
					if _, err := c.Read(buf); err != nil {
						return
					}
					c.Write(answer)
				}
			}()
		}
	}()
	return l.Addr().String()
}

func drive(b *testing.B, addr string) {
	b.SetParallelism(32)
	b.ReportAllocs()
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		br := bufio.NewReader(c)
		for pb.Next() {
			io.WriteString(c, benchRequest)
			res, err := http.ReadResponse(br, nil)
			if err != nil {
				b.Error(err)
				return
			}
			io.Copy(io.Discard, res.Body)
		}
	})
	b.StopTimer()
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	cpu := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(cpu)/float64(b.N)/1e4, "cpu-s/100k")
}
