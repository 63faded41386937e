package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/freeport"
)

// bodyLimit is how much of a body is kept by default.
const bodyLimit = 64 << 10

// TestSecrets: after calls with every kind of credential no file and no output
// holds one of them, and its fingerprint finds its calls.
func TestSecrets(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	w := &wallet{t: t, values: map[string]string{}}
	hash, err := bcrypt.GenerateFromPassword([]byte(w.of("password")), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	users := filepath.Join(dir, "users")
	if err := os.WriteFile(users, fmt.Appendf(nil, "ida:%s\n", hash), 0o600); err != nil {
		t.Fatal(err)
	}
	idp := startIssuer(t, "127.0.0.1:0")
	w.values["jwt"] = idp.token(t, "stock-sync")
	s := serveConfig(t, data, echoSecrets(t, w), `
gateway:
  listeners:
    - name: main
      address: LISTEN
  routes:
    - name: api
      upstream: UPSTREAM
    - name: strict
      path: /strict
      require_level: 3
      upstream: UPSTREAM
    - name: down
      path: /down
      upstream: http://`+freeport.Address(t)+`
identity:
  oidc:
    - name: shop
      issuer: `+idp.url+`
      audiences: [shop-api]
  api_keys:
    query: [api_key]
  basic:
    users_file: `+users+`
ledger:
  segment_size: 64KiB
log:
  level: debug
`)
	made := command(t, gatebook, "keys", "add", "nightly", "--data", data)
	if made.code != 0 || !strings.HasPrefix(made.stdout, "gbk_") {
		t.Fatalf("keys add: exit code %d\n%s", made.code, made.stderr)
	}
	w.values["key"] = strings.TrimSpace(made.stdout)

	// Enough calls that a block of records is sealed.
	rounds := ledger.BlockRecords/20 + 1
	if testing.Short() {
		rounds = 1
	}
	var calls []secretCall
	for round := range rounds {
		for _, c := range secretCalls(w) {
			if c.reason == "password-wrong" && round > 0 {
				continue // too many of them are no longer checked
			}
			c.make(t, s.url)
			calls = append(calls, c)
		}
	}
	w.malformed(s.url)
	s.await(`kind:=access operation.method:=POST`, len(calls))
	w.fingerprints(s, calls)
	if !testing.Short() {
		waitFor(t, "a segment is sealed", func() bool {
			names, _ := filepath.Glob(filepath.Join(data, "ledger", "sealed", "*.entries"))
			return len(names) > 0
		})
	}
	var rows result // what the index has, as it says itself
	waitFor(t, "the index has what is no secret", func() bool {
		rows = command(t, gatebook, "search", "kind:* | limit 10000", "--data", data, "--json", "--limit", "10000")
		return rows.code == 0 && strings.Count(rows.stdout, `"/s/ordinary"`) == rounds
	})
	// Who searches for a credential leaves it in no record of the look, if it can
	// be recognised.
	for _, text := range []string{w.of("key"), w.of("jwt"), `payload.request.headers:"Authorization: Bearer ` + w.of("opaque") + `"`} {
		command(t, gatebook, "search", text, "--data", data, "--reason", "is "+text+" used?")
	}
	command(t, gatebook, "who", w.of("key"), "--data", data)
	shown := command(t, gatebook, "keys", "list", "--data", data, "--json")
	s.stop()
	intact(t, data)

	l := newLeaks(w)
	l.search(t, "the rows of the index", []byte(rows.stdout))
	l.search(t, "keys list", []byte(shown.stdout+shown.stderr))
	l.search(t, "the output of the process", []byte(s.log.String()))
	l.files(t, data)
	l.records(t, data, len(calls))
	t.Logf("%d calls, %d secrets in %d forms: searched %d files (%d bytes) and %d records", len(calls), len(w.values), len(l.forms), l.nfiles, l.nbytes, l.nrecords)
}

// waitFor waits until something holds, or fails the test after a while.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// ordinary is no secret: it must be found where the secrets must not.
const ordinary = "an-ordinary-value-4711"

// secretCall is a call that carries secrets, and what is to be known of it.
type secretCall struct {
	path   string // as the client sends it, with the query
	header http.Header
	body   string
	by     string // the secret that is the call's credential; empty: none
	reason string
}

// make sends the call, and reads the answer to its end.
func (c secretCall) make(t *testing.T, gateway string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", gateway+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = c.header
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
}

// secretCalls are the calls with every kind of credential. The API behind
// echoes each in its answer.
func secretCalls(w *wallet) []secretCall {
	v, q := w.of, func(name string) string { return url.QueryEscape(w.of(name)) }
	h := func(pairs ...string) http.Header {
		out := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			out.Add(pairs[i], pairs[i+1])
		}
		return out
	}
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	const form, asJSON = "application/x-www-form-urlencoded", "application/json"
	return []secretCall{
		{"/s/key-header", h("X-API-Key", v("key")), "", "key", "key-matched"},
		{"/s/key-bearer", h("Authorization", "Bearer "+v("key")), "", "key", "key-matched"},
		{"/s/key-query?api_key=" + q("key"), h(), "", "key", "key-matched"},
		{"/s/key-unknown", h("X-API-Key", v("other-key")), "", "other-key", "key-unknown"},
		{"/s/jwt", h("Authorization", "Bearer "+v("jwt")), "", "jwt", "signature-verified"},
		{"/strict/jwt?n=1", h("Authorization", "Bearer "+v("jwt")), "", "jwt", "signature-verified"},
		{"/s/basic", h("Authorization", basic("ida", v("password"))), "", "password", "password-matched"},
		{"/s/basic-wrong", h("Authorization", basic("ida", v("wrong-password"))), "", "wrong-password", "password-wrong"},
		{"/s/opaque", h("Authorization", "Bearer "+v("opaque")), "", "opaque", "opaque-token"},
		{"/strict/opaque", h("Authorization", "Bearer "+v("opaque")), "", "opaque", "opaque-token"},
		{"/s/opaque-in-path/" + url.PathEscape(v("opaque")), h("Authorization", "Bearer "+v("opaque")), "", "opaque", "opaque-token"},
		{"/down/opaque?access_token=" + q("query-token"), h("Authorization", "Bearer "+v("opaque")), "", "opaque", "opaque-token"},
		{"/s/gzip", h("Authorization", "Bearer "+v("opaque"), "X-Echo", "gzip"), "", "opaque", "opaque-token"},
		{"/s/cut", h("Authorization", "Bearer "+v("opaque"), "X-Echo", "cut"), strings.Repeat("x", bodyLimit-20) + v("opaque"), "opaque", "opaque-token"},
		{"/s/scheme", h("Authorization", "Secretly "+v("scheme")), "", "scheme", "scheme-unknown"},
		{"/s/cookie", h("Cookie", "lang=de; session="+v("cookie")+"; theme=dark"), "", "", "no-credential"},
		{"/s/set-cookie", h("X-Echo", "set-cookie"), "", "", "no-credential"},
		{"/s/issued", h("X-Echo", "issued"), "", "", "no-credential"},
		{"/s/redirect", h("X-Echo", "redirect"), "", "", "no-credential"},
		{"/s/ordinary", h("X-Request-Id", ordinary), ordinary, "", "no-credential"},
		{"/s/headers", h("X-Auth-Token", v("auth-token"), "Referer", "https://example.com/?access_token="+q("query-token")), "", "", "no-credential"},
		{"/s/query?page=2&access_token=" + q("query-token") + "&client_secret=" + q("client-secret"), h(), "", "", "no-credential"},
		{"/s/json", h("Content-Type", asJSON), `{"user":"ida","login":{"password":` + quoted(v("json-password")) + `,"keys":[{"api_key":` + quoted(v("json-key")) + `}]}}`, "", "no-credential"},
		{"/s/json-untyped", h(), ` {"refresh_token":` + quoted(v("refresh")) + `}`, "", "no-credential"},
		{"/s/form", h("Content-Type", form), "grant_type=password&username=ida&password=" + q("form-password") + "&client_secret=" + q("client-secret"), "", "no-credential"},
		{"/s/multipart", h("Content-Type", "multipart/form-data; boundary=b"), "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n" + v("part-password") + "\r\n--b--\r\n", "", "no-credential"},
		{"/s/xml", h("Content-Type", "application/xml"), "<login><user>ida</user><password>" + v("xml-password") + "</password></login>", "", "no-credential"},
	}
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// wallet holds the secrets of a test by name.
type wallet struct {
	t      *testing.T
	values map[string]string
}

// of returns the secret of that name, and makes one the first time. Most have
// bytes that encodings change.
func (w *wallet) of(name string) string {
	if w.values[name] == "" {
		b := make([]byte, 18)
		if _, err := rand.Read(b); err != nil {
			w.t.Fatal(err)
		}
		w.values[name] = hex.EncodeToString(b)
		if strings.Contains(name, "password") {
			w.values[name] = "pä/+ &" + w.values[name] + "=!"
		}
		if strings.HasPrefix(name, "xml") || strings.HasPrefix(name, "part") {
			w.values[name] = hex.EncodeToString(b) // without bytes that the format would read
		}
	}
	return w.values[name]
}

// malformed sends what is no HTTP, with a secret in it: what the server says
// about it must not repeat it.
func (w *wallet) malformed(gateway string) {
	for _, text := range []string{
		"GET /bad HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nNo Header: x\r\n\r\n",
		"GET /bad?access_token=%s\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
		"Bearer %s\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(gateway, "http://"))
		if err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintf(conn, text, w.of("malformed"))
		_, _ = io.Copy(io.Discard, conn) // ends when the server has answered and closed
		conn.Close()
	}
}

// fingerprints searches for each credential by its fingerprint, which is
// computed here by what docs/FORMAT.md and package redact say of it.
func (w *wallet) fingerprints(s *server, calls []secretCall) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, "keys", "fingerprint.key"))
	if err != nil {
		w.t.Fatal(err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		w.t.Fatal(err)
	}
	want := map[string][]string{} // by credential: path and reason of its calls
	for _, c := range calls {
		path, _, _ := strings.Cut(c.path, "?")
		if c.by != "" {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(w.of(c.by)))
			fp := "fp:" + hex.EncodeToString(mac.Sum(nil)[:16])
			want[fp] = append(want[fp], strings.ReplaceAll(path, w.of(c.by), fp)+" "+c.reason)
		}
	}
	for fp, calls := range want {
		var got []string
		for _, hit := range s.search(`kind:=access credential.fingerprint:="`+fp+`"`, "--limit", "1000") {
			got = append(got, hit.What.Path+" "+hit.Header.Principal.Reason)
		}
		slices.Sort(got)
		slices.Sort(calls)
		if !slices.Equal(got, calls) {
			w.t.Errorf("%s: found\n%q, want\n%q", fp, got, calls)
		}
	}
}

// echoSecrets is an API that answers with the headers and the body of the request,
// and in the ways that X-Echo asks for with secrets of its own.
func echoSecrets(t *testing.T, w *wallet) string {
	cookie, issued, code := w.of("set-cookie"), w.of("issued"), w.of("code")
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer, _ := json.Marshal(map[string]any{"url": r.URL.String(), "headers": r.Header, "body": string(body)})
		for name, values := range r.Header {
			rw.Header()["X-Echo-"+name] = values
		}
		rw.Header().Set("Content-Type", "application/json")
		switch r.Header.Get("X-Echo") {
		case "gzip":
			rw.Header().Set("Content-Encoding", "gzip")
			zip := gzip.NewWriter(rw)
			zip.Write(answer)
			zip.Close()
			return
		case "cut": // the limit of what is kept goes through the secret
			rw.Header().Set("Content-Type", "text/plain")
			answer = body
		case "set-cookie":
			rw.Header().Add("Set-Cookie", "session="+cookie+"; Path=/; HttpOnly")
		case "issued":
			answer = fmt.Appendf(nil, `{"token_type":"Bearer","access_token":%q,"expires_in":60}`, issued)
		case "redirect":
			rw.Header().Set("Location", "https://example.com/callback?state=1&code="+code)
			rw.WriteHeader(http.StatusFound)
		}
		rw.Write(answer)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// leaks looks for secrets in whatever form.
type leaks struct {
	forms    map[string]string // the form, and the name of its secret
	nfiles   int
	nbytes   int
	nrecords int
}

func newLeaks(w *wallet) *leaks {
	l := &leaks{forms: map[string]string{}}
	for name, v := range w.values {
		add := func(form, text string) { l.forms[text] = name + " " + form }
		add("first half", v[:len(v)/2])
		add("second half", v[len(v)/2:])
		add("in a query", url.QueryEscape(v))
		add("in a path", url.PathEscape(v))
		add("in lower-case escapes", strings.ToLower(url.QueryEscape(v)))
		add("in JSON", strings.Trim(quoted(v), `"`))
		add("in hex", hex.EncodeToString([]byte(v)))
		for skip := range 3 { // base64 of anything that holds the secret
			part := v[skip : skip+(len(v)-skip)/3*3]
			add("in base64", base64.StdEncoding.EncodeToString([]byte(part)))
			add("in base64url", base64.URLEncoding.EncodeToString([]byte(part)))
		}
		add("itself", v)
		if parts := strings.Split(v, "."); len(parts) == 3 {
			add("claims", parts[1])
			add("signature", parts[2])
		}
	}
	return l
}

// search reports each secret in b, by its name alone.
func (l *leaks) search(t *testing.T, place string, b []byte) {
	t.Helper()
	for text, name := range l.forms {
		if at := bytes.Index(b, []byte(text)); at >= 0 {
			before := bytes.ToValidUTF8(b[max(0, at-60):at], []byte("?"))
			t.Errorf("%s: has the secret %s, after %q", place, name, before)
		}
	}
}

// files searches each file of the data directory as it is.
func (l *leaks) files(t *testing.T, data string) {
	t.Helper()
	err := filepath.WalkDir(data, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(data, name)
		l.nfiles, l.nbytes = l.nfiles+1, l.nbytes+len(b)
		l.search(t, "file "+rel, b)
		l.search(t, "name of a file", []byte(rel))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// records searches each record of the ledger, unpacked and undone of the
// escapes of JSON.
func (l *leaks) records(t *testing.T, data string, atLeast int) {
	t.Helper()
	led := openLedger(t, data)
	var kept, bodies int
	err := led.Range(0, led.Size(), func(n uint64, s *event.Sealed) error {
		l.nrecords++
		place := fmt.Sprintf("record %d", n)
		l.search(t, place, s.Header)
		for _, env := range s.Envelopes {
			if env != nil {
				l.search(t, place, env.Data)
				kept += bytes.Count(env.Data, []byte(ordinary))
			}
		}
		e, err := s.Open()
		if err == nil && e.Payload != nil && len(e.Payload.Response.Body) > 0 {
			bodies++
			l.search(t, place+", answer", []byte(e.Payload.Response.Body))
			l.search(t, place+", request", []byte(e.Payload.Request.Body))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// Nothing is found where nothing is kept.
	if l.nrecords < atLeast || bodies < atLeast/2 || kept < 4 {
		t.Errorf("%d records, %d with an answer, %d times what is no secret: want at least %d, %d, 4", l.nrecords, bodies, kept, atLeast, atLeast/2)
	}
}

// issuer is the sample shop's OIDC issuer, in a process of its own.
type issuer struct {
	cmd *exec.Cmd
	url string
}

// startIssuer builds the shop if need be, and starts its issuer.
func startIssuer(t *testing.T, listen string, more ...string) *issuer {
	t.Helper()
	shop := filepath.Join(filepath.Dir(gatebook), "shop")
	if _, err := os.Stat(shop); err != nil {
		build := exec.Command("go", "build", "-o", shop, ".")
		build.Dir = "../../examples/shop"
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building the shop: %v\n%s", err, out)
		}
	}
	i := &issuer{cmd: exec.Command(shop, append([]string{"issuer", "--listen", listen}, more...)...)}
	out, err := i.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := i.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.stop)
	var ready struct{ Issuer string }
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		t.Fatalf("the issuer does not start: %v", err)
	}
	i.url = ready.Issuer
	return i
}

// stop ends the issuer. It may be called again.
func (i *issuer) stop() {
	i.cmd.Process.Kill()
	_ = i.cmd.Wait() // says that it was killed
}

// token gets an access token for a service account.
func (i *issuer) token(t *testing.T, client string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", i.url+"/oauth/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(client, client+"-demo-secret")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.Token == "" {
		t.Fatalf("no token from the issuer: status %d, %v", res.StatusCode, err)
	}
	return got.Token
}
