package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatebook/gatebook/test/freeport"
)

// program returns the path of a program of others, or skips the test.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, look := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(look); err == nil {
			return path
		}
	}
	t.Skipf("%s is not installed; test/e2e/install.sh installs it", name)
	return ""
}

// background starts a program of others, ends it with the test, and returns it
// and what it writes.
func background(t *testing.T, path string, args ...string) (*exec.Cmd, *lockedBuffer) {
	t.Helper()
	var out lockedBuffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd, &out
}

// eventually fails the test unless ok comes true while there is patience.
func eventually(t *testing.T, what string, out *lockedBuffer, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%s: not after %v\n%s", what, patience, out)
		}
	}
}

// answers tells whether a GET of url is answered with 200.
func answers(url string) bool {
	res, err := http.Get(url)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// TestEtcd: etcdctl works with a real etcd through the gateway, gRPC streams in
// both directions included.
func TestEtcd(t *testing.T) {
	etcd, etcdctl := program(t, "etcd"), program(t, "etcdctl")
	clients, peers := freeport.Address(t), "http://"+freeport.Address(t)
	_, log := background(t, etcd, "--name", "one", "--data-dir", t.TempDir(),
		"--listen-client-urls", "http://"+clients, "--advertise-client-urls", "http://"+clients,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "one="+peers)
	eventually(t, "etcd is ready", log, func() bool { return answers("http://" + clients + "/health") })

	s := serve(t, t.TempDir(), "h2c://"+clients)
	t.Setenv("ETCDCTL_API", "3")
	ctl := func(want string, args ...string) string {
		t.Helper()
		r := command(t, etcdctl, append([]string{"--endpoints", s.url}, args...)...)
		if r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Fatalf("etcdctl %v: exit code %d, want %q in:\n%s%s", args, r.code, want, r.stdout, r.stderr)
		}
		return r.stdout
	}
	ctl("OK", "put", "colour", "green")
	ctl("colour\ngreen\n", "get", "colour")

	// The watch begins in the past, so it need not be there before the put: it
	// sees the first put from history, and the second one as it happens.
	watch, seen := background(t, etcdctl, "--endpoints", s.url, "watch", "colour", "--rev", "1")
	eventually(t, "the watch sees the put before it", seen, func() bool { return strings.Contains(seen.String(), "green") })
	ctl("OK", "put", "colour", "blue")
	eventually(t, "the watch sees the put after it", seen, func() bool { return strings.Contains(seen.String(), "PUT\ncolour\nblue\n") })
	// Whoever runs in the background ignores SIGINT, and so do its children.
	watch.Process.Signal(syscall.SIGTERM)

	lease := strings.Fields(ctl("granted", "lease", "grant", "60"))[1]
	ctl("keepalived with TTL(60)", "lease", "keep-alive", "--once", lease)
	ctl("OK", "put", "--lease", lease, "shade", "dark")

	for _, c := range []struct {
		name string
		n    int
	}{{"KV/Put", 3}, {"KV/Range", 1}, {"Lease/LeaseGrant", 1}} {
		for _, e := range s.await(fmt.Sprintf("operation.name:=%q", "etcdserverpb."+c.name), c.n) {
			if h := e.Header; h.Operation.Protocol != "grpc" || h.Outcome.RPCStatus != "OK" || h.Outcome.Status != 200 {
				t.Errorf("%s: got %+v %+v", c.name, h.Operation, h.Outcome)
			}
		}
	}
	// The clients leave these streams without waiting for a status.
	for _, name := range []string{"Watch/Watch", "Lease/LeaseKeepAlive"} {
		e := s.await(fmt.Sprintf("operation.name:=%q", "etcdserverpb."+name), 1)[0].Header
		t.Logf("%s: %+v", name, e.Outcome)
		if e.Operation.Protocol != "grpc" || e.Outcome.Status != 200 || e.Request.Bytes == 0 || e.Response.Bytes == 0 {
			t.Errorf("%s: got %+v", name, e)
		}
	}
	s.stop()
	intact(t, s.data)
}

// The values of the example in RFC 6455, section 1.3.
const webSocketKey, webSocketAccept = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// frame returns a final WebSocket frame as a client sends it, masked, or as a
// server does.
func frame(opcode byte, payload []byte, masked bool) []byte {
	f := []byte{0x80 | opcode, 127}
	f = binary.BigEndian.AppendUint64(f, uint64(len(payload)))
	if len(payload) <= 125 {
		f = append(f[:1], byte(len(payload)))
	} else if len(payload) <= 0xffff {
		f = binary.BigEndian.AppendUint16(append(f[:1], 126), uint16(len(payload)))
	}
	if !masked {
		return append(f, payload...)
	}
	key := [4]byte{1, 2, 3, 4}
	f[1] |= 0x80
	f = append(f, key[:]...)
	for i, b := range payload {
		f = append(f, b^key[i%4])
	}
	return f
}

// readFrame reads a frame and takes its mask off.
func readFrame(r io.Reader) (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err = io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1] & 0x7f)
	if more := map[uint64]int{126: 2, 127: 8}[size]; more > 0 {
		var long [8]byte
		if _, err = io.ReadFull(r, long[8-more:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(long[:])
	}
	var key [4]byte
	if head[1]&0x80 != 0 {
		if _, err = io.ReadFull(r, key[:]); err != nil {
			return 0, nil, err
		}
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(r, payload)
	for i := range payload {
		payload[i] ^= key[i%4]
	}
	return head[0] & 0x0f, payload, err
}

// echo answers each WebSocket frame with the same, and ends with the close frame.
func echo(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-WebSocket-Key") != webSocketKey {
		http.Error(w, "not the handshake that was sent", http.StatusBadRequest)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", webSocketAccept)
	for {
		opcode, payload, err := readFrame(rw)
		if err != nil {
			return
		}
		conn.Write(frame(opcode, payload, false))
		if opcode == 8 {
			return
		}
	}
}

func TestWebSocket(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(echo))
	t.Cleanup(upstream.Close)
	s := serve(t, t.TempDir(), upstream.URL)
	address := strings.TrimPrefix(s.url, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(conn, "GET /socket HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", address, webSocketKey)
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 101 || res.Header.Get("Upgrade") != "websocket" || res.Header.Get("Sec-WebSocket-Accept") != webSocketAccept {
		t.Fatalf("got %s %v", res.Status, res.Header)
	}
	for _, m := range []struct {
		opcode  byte
		payload []byte
	}{
		{1, []byte("hello")}, {9, []byte("ping")}, {2, bytes.Repeat([]byte{0, 0xff}, 500)},
		{2, bytes.Repeat([]byte("long "), 100_000)}, {1, nil}, {8, []byte{3, 232}},
	} {
		// Written while the echo is read: a long one need not fit the buffers.
		go conn.Write(frame(m.opcode, m.payload, true))
		opcode, payload, err := readFrame(r)
		if err != nil || opcode != m.opcode || !bytes.Equal(payload, m.payload) {
			t.Fatalf("frame %d of %d bytes: got %d of %d bytes, %v", m.opcode, len(m.payload), opcode, len(payload), err)
		}
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after the close frame: got %v, want the end", err)
	}
	conn.Close() // the call lasts until both sides have ended it
	h := s.await("what.path:socket", 1)[0].Header
	if h.Operation.Protocol != "websocket" || h.Outcome.Status != 101 || h.Outcome.Error != "" || h.Request.Bytes < 500_000 || h.Response.Bytes < 500_000 {
		t.Errorf("got %+v %+v, %d and %d bytes", h.Operation, h.Outcome, h.Request.Bytes, h.Response.Bytes)
	}
	s.stop()
	intact(t, s.data)
}

// TestServerSentEvents: each event is sent only when the one before it has
// arrived, so a gateway that holds events back never ends the test.
func TestServerSentEvents(t *testing.T) {
	const n = 20
	arrived := make(chan int)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range n {
			fmt.Fprintf(w, "id: %d\ndata: event\n\n", i)
			http.NewResponseController(w).Flush()
			select {
			case <-arrived:
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(upstream.Close)
	s := serve(t, t.TempDir(), upstream.URL)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	r, total := bufio.NewReader(res.Body), 0
	for i := range n {
		for _, want := range []string{fmt.Sprintf("id: %d\n", i), "data: event\n", "\n"} {
			if got, err := r.ReadString('\n'); got != want {
				t.Fatalf("event %d: got %q, %v; want %q", i, got, err, want)
			}
			total += len(want)
		}
		arrived <- i
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after the last event: got %v, want the end", err)
	}
	h := s.await("what.path:events", 1)[0].Header
	if h.Operation.Protocol != "sse" || h.Outcome.Status != 200 || h.Outcome.Error != "" || h.Response.Bytes != uint64(total) {
		t.Errorf("got %+v %+v, %d bytes", h.Operation, h.Outcome, h.Response.Bytes)
	}
	s.stop()
	intact(t, s.data)
}

// nginxConfig has FOLDER and ADDRESS replaced. X-Use tells the connection and
// which request on it this is.
const nginxConfig = `daemon off;
master_process off;
pid FOLDER/pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path FOLDER/t1; proxy_temp_path FOLDER/t2; fastcgi_temp_path FOLDER/t3;
	uwsgi_temp_path FOLDER/t4; scgi_temp_path FOLDER/t5;
	server {
		listen ADDRESS;
		root FOLDER/www;
		if_modified_since before;
		add_header X-Use "$connection $connection_requests" always;
	}
}
`

// TestNginx: what nginx answers arrives as it is, ranges and conditions
// included, and connections are kept on both sides of the gateway.
func TestNginx(t *testing.T) {
	nginx, folder, address := program(t, "nginx"), t.TempDir(), freeport.Address(t)
	file := make([]byte, 300_000)
	rand.NewChaCha8([32]byte{1}).Read(file)
	config := strings.NewReplacer("FOLDER", folder, "ADDRESS", address).Replace(nginxConfig)
	for _, err := range []error{
		os.Mkdir(filepath.Join(folder, "www"), 0o755),
		os.WriteFile(filepath.Join(folder, "www", "file.bin"), file, 0o644),
		os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(config), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, log := background(t, nginx, "-p", folder, "-e", "stderr", "-c", filepath.Join(folder, "nginx.conf"))
	eventually(t, "nginx is ready", log, func() bool { return answers("http://" + address + "/file.bin") })
	s := serve(t, t.TempDir(), "http://"+address)

	uses, reused := map[string]bool{}, 0
	for i, c := range []struct {
		method, path, header, value string
		status                      int
	}{
		{"GET", "/file.bin", "Accept", "*/*", 200},
		{"HEAD", "/file.bin", "Accept", "*/*", 200},
		{"GET", "/file.bin", "Range", "bytes=1000-1999", 206},
		{"GET", "/file.bin", "Range", "bytes=-500", 206},
		{"GET", "/file.bin", "Range", "bytes=0-9,100-109", 206},
		{"GET", "/file.bin", "Range", "bytes=300000-", 416},
		{"GET", "/file.bin", "If-Modified-Since", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), 304},
		{"GET", "/none.bin", "Accept", "*/*", 404},
	} {
		direct := ask(t, c.method, "http://"+address+c.path, c.header, c.value)
		through := ask(t, c.method, s.url+c.path, c.header, c.value)
		if through.status != c.status || direct.status != c.status || !through.same(direct) {
			t.Errorf("%s %s, %s %s: got %d %v, %d bytes; want %d %v, %d bytes", c.method, c.path, c.header, c.value,
				through.status, through.header, len(through.body), direct.status, direct.header, len(direct.body))
		}
		if i > 0 && !through.reused {
			t.Errorf("call %d through the gateway needed a connection of its own", i)
		}
		connection, request, _ := strings.Cut(through.use, " ")
		uses[connection] = true
		if request != "1" {
			reused++
		}
	}
	if len(uses) != 1 || reused != 7 {
		t.Errorf("the gateway used %d connections to nginx for 8 calls one after the other, want 1", len(uses))
	}
	s.await(`what.path:="/file.bin"`, 7)
	if e := s.await("outcome.status:=206", 3); e[0].Header.Operation.Protocol != "http/1.1" {
		t.Errorf("got %+v", e[0].Header.Operation)
	}
	s.stop()
	intact(t, s.data)
}

// reply is what a client sees of an answer.
type reply struct {
	status int
	header http.Header
	body   []byte
	use    string // nginx's own connection and request
	reused bool   // whether the client's connection was
}

// same tells whether two answers are the same but for the boundary of ranges,
// which nginx counts up.
func (a reply) same(b reply) bool {
	if kind := a.header.Get("Content-Type"); strings.HasPrefix(kind, "multipart/") {
		_, from, _ := strings.Cut(b.header.Get("Content-Type"), "boundary=")
		_, to, _ := strings.Cut(kind, "boundary=")
		b.body = bytes.ReplaceAll(b.body, []byte(from), []byte(to))
		b.header.Set("Content-Type", kind)
	}
	return a.status == b.status && bytes.Equal(a.body, b.body) &&
		maps.EqualFunc(a.header, b.header, func(x, y []string) bool { return strings.Join(x, "\n") == strings.Join(y, "\n") })
}

// ask makes a call with one header.
func ask(t *testing.T, method, url, header, value string) (a reply) {
	t.Helper()
	trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { a.reused = i.Reused }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(header, value)
	req.Header.Set("Accept-Encoding", "identity")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if a.body, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	a.status, a.header, a.use = res.StatusCode, res.Header, res.Header.Get("X-Use")
	for _, name := range []string{"X-Use", "Date", "Connection"} {
		a.header.Del(name)
	}
	return a
}
