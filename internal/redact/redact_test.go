package redact

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
)

var testKey = Key("0123456789abcdef0123456789abcdef")

func newTest(t testing.TB) *Redactor {
	t.Helper()
	r, err := New(Config{Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func fp(s string) string { return Fingerprint(testKey, s) }

const (
	jwt    = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJhbGljZSIsImV4cCI6MTcwMDAwMDAwMH0.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU"
	opaque = "q7Vd0pLm3XzA91RtYw2k"
)

func TestFingerprint(t *testing.T) {
	mac := hmac.New(sha256.New, testKey)
	mac.Write([]byte(opaque))
	want := "fp:" + hex.EncodeToString(mac.Sum(nil)[:16])
	if got := fp(opaque); got != want {
		t.Errorf("Fingerprint = %s, want %s", got, want)
	}
	r := newTest(t)
	for range 2 { // a reused hasher
		if got := r.Fingerprint(opaque); got != want {
			t.Errorf("Redactor.Fingerprint = %s, want %s", got, want)
		}
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	s := struct {
		S Secret
		K Key
	}{Secret(opaque), Key(opaque + opaque)}
	text, err := json.Marshal(s.S)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "s", s.S, "k", s.K)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s.S, "k", s.K)
	all := fmt.Sprintf("%v %+v %#v %s %q %s", s, s, s, s.S, s.S, text) + log.String()
	if strings.Contains(all, opaque) || strings.Contains(all, hex.EncodeToString([]byte(opaque))) {
		t.Errorf("secret printed: %s", all)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, config := range []Config{{}, {Key: Key("short")}, {Key: testKey, Fields: []string{"--"}}, {Key: testKey, Allow: []string{""}}} {
		if _, err := New(config); err == nil {
			t.Errorf("New(%d byte key, %v, %v): no error", len(config.Key), config.Fields, config.Allow)
		}
	}
}

func TestNames(t *testing.T) {
	r, err := New(Config{Key: testKey, Fields: []string{"Blood-Type"}, Allow: []string{"pin", "X-Api-Key"}, Cookies: []string{"theme"}})
	if err != nil {
		t.Fatal(err)
	}
	f := func(set *nameSet, name string, want bool) {
		t.Helper()
		if got := set.has(name); got != want {
			t.Errorf("has(%q) = %v, want %v", name, got, want)
		}
	}
	f(r.fields, "password", true)
	f(r.fields, "PassWord", true)
	f(r.fields, "new_password", true)
	f(r.fields, "user[password]", true)
	f(r.fields, "client-secret", true)
	f(r.fields, "clientSecret", true)
	f(r.fields, "aws_secret_access_key", true)
	f(r.fields, "blood_type", true)
	f(r.fields, "next_page_token", false)
	f(r.fields, "max_tokens", false)
	f(r.fields, "pin", false)
	f(r.fields, "name", false)
	f(r.fields, "", false)
	f(r.fields, "__", false)
	f(r.query, "code", true)
	f(r.fields, "code", false)
	f(r.query, "X-Amz-Signature", true)
	f(r.headers, "X-Api-Key", false)
	f(r.headers, "Authorization", true)
	f(r.headers, "X-Forwarded-Access-Token", true)
	f(r.headers, "WWW-Authenticate", false)
	f(r.headers, "Idempotency-Key", false)
	f(r.cookies, "lang", true)
	f(r.cookies, "theme", false)
	f(r.cookies, "sid", false)
}

func TestHeader(t *testing.T) {
	f := func(name, value, want string) {
		t.Helper()
		if got := newTest(t).Call().Header(name, value); got != want {
			t.Errorf("Header(%q, %q)\n got %q\nwant %q", name, value, got, want)
		}
	}
	basic := base64.StdEncoding.EncodeToString([]byte("alice:" + opaque))
	f("Authorization", "Bearer "+opaque, "Bearer "+fp(opaque))
	f("authorization", "bearer "+jwt, "bearer "+fp(jwt))
	f("Authorization", "Basic "+basic, "Basic alice:"+fp(opaque))
	f("Authorization", "Basic !!", "Basic "+fp("!!"))
	f("Authorization", opaque, fp(opaque))
	f("Authorization", "Weird a b", fp("Weird a b"))
	f("Authorization", `Digest username="al", realm="x,y", response="`+opaque+`", nc=1`, `Digest username="al", realm="x,y", response="`+fp(opaque)+`", nc=1`)
	f("Authorization", "Token token="+opaque+", nonce=1", "Token token="+fp(opaque)+", nonce=1")
	f("Proxy-Authorization", "Bearer "+opaque, "Bearer "+fp(opaque))
	f("X-Api-Key", " "+opaque, fp(opaque))
	f("Cookie", "lang=de; sid="+opaque+"; b=\"x\"", "lang=de; sid="+fp(opaque)+"; b=\""+fp("x")+"\"")
	f("Set-Cookie", "sid="+opaque+"; Path=/; HttpOnly", "sid="+fp(opaque)+"; Path=/; HttpOnly")
	f("Location", "https://a/cb?code="+opaque+"&state=1", "https://a/cb?code="+fp(opaque)+"&state=1")
	f("Location", "https://a/cb#access_token="+opaque, "https://a/cb#access_token="+fp(opaque))
	f("Referer", "https://a/?q=x&token=a%2Bb", "https://a/?q=x&token="+fp("a+b"))
	f("Referer", "https://ann:"+opaque+"@a/?q=x", "https://ann:"+fp(opaque)+"@a/?q=x")
	f("X-Debug", "call had Bearer "+opaque+" in it", "call had Bearer "+fp(opaque)+" in it")
	f("X-Debug", "t="+jwt+".", "t="+fp(jwt)+".")
	f("WWW-Authenticate", `Bearer realm="a", error="invalid_token"`, `Bearer realm="a", error="invalid_token"`)
	f("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
	f("Cache-Control", "max-age=0, must-revalidate", "max-age=0, must-revalidate")
	f("Content-Type", "multipart/form-data; boundary=abc", "multipart/form-data; boundary=abc")
}

func TestQueryPathURL(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("\n got %q\nwant %q", got, want)
		}
	}
	c := func() *Call { return newTest(t).Call() }
	f(c().Query("a=1&access_token="+opaque+"&b=2"), "a=1&access_token="+fp(opaque)+"&b=2")
	f(c().Query("API%2DKey=a%20b+c&x"), "API%2DKey="+fp("a b c")+"&x")
	f(c().Query("q=hello+world&page=2&sort=-name"), "q=hello+world&page=2&sort=-name")
	f(c().Query("next="+url.QueryEscape("/a?token="+opaque+"&b=1")), "next="+escape("/a?token="+fp(opaque)+"&b=1"))
	f(c().Query("q=ghp%5F0123456789abcdefghij0123"), "q="+fp("ghp_0123456789abcdefghij0123"))
	f(c().Path("/reset/"+jwt+"/x"), "/reset/"+fp(jwt)+"/x")
	f(c().Path("/a;jsessionid="+opaque+"/b"), "/a;jsessionid="+fp(opaque)+"/b")
	f(c().Path("/customers/4711"), "/customers/4711")
	f(c().URL("https://u:"+opaque+"@h/p?token=abc123#id_token=zzz999"), "https://u:"+fp(opaque)+"@h/p?token="+fp("abc123")+"#id_token="+fp("zzz999"))
	f(c().URL("/p?q=1"), "/p?q=1")
}

func TestBody(t *testing.T) {
	f := func(contentType, body, want string) {
		t.Helper()
		got, ok := newTest(t).Call().Body(contentType, []byte(body), false)
		if !ok || string(got) != want {
			t.Errorf("Body(%q, %q)\n got %q, %v\nwant %q", contentType, body, got, ok, want)
		}
	}
	const js, form = "application/json", "application/x-www-form-urlencoded"
	f(js, `{"a":1,"password":"`+opaque+`","b":[true,null]}`, `{"a":1,"password":"`+fp(opaque)+`","b":[true,null]}`)
	f(js, `{"pin":1234,"otp":"99","enabled_secret":true}`, `{"pin":"`+fp("1234")+`","otp":"`+fp("99")+`","enabled_secret":true}`)
	f(js, `{"pass\u0077ord":"a\u0062c"}`, `{"pass\u0077ord":"`+fp("abc")+`"}`)
	f(js, `{"token":{"kind":"x","n":[1,"y"]},"b":"c"}`, `{"token":{"kind":"`+fp("x")+`","n":["`+fp("1")+`","`+fp("y")+`"]},"b":"c"}`)
	f(js, `{"Authorization":"Bearer `+opaque+`"}`, `{"Authorization":"Bearer `+fp(opaque)+`"}`)
	f(js, `{"name":"password","value":"abcdef"}`, `{"name":"password","value":"`+fp("abcdef")+`"}`)
	f(js, `{"value":"abcdef","param":"password"}`, `{"value":"`+fp("abcdef")+`","param":"password"}`)
	f(js, `{"j":"{\"password\":\"abcdef\"}"}`, `{"j":"{\"password\":\"`+fp("abcdef")+`\"}"}`)
	f(js, `{"u":"https://a/?b=1&token=abcdef"}`, `{"u":"https://a/?b=1&token=`+fp("abcdef")+`"}`)
	f(js, `{"t":"\u0065`+jwt[1:]+`"}`, `{"t":"`+fp(jwt)+`"}`)
	f(js, `{'password': 'abcdef', x}`, `{'password': '`+fp("abcdef")+`', x}`)
	f(js, `{"password": abcdef}`, `{"password": `+fp("abcdef")+`}`)
	f(js, `{"a":1}{"password":"abcdef"}`, `{"a":1}{"password":"`+fp("abcdef")+`"}`)
	f(js, `)]}',`+"\n"+`{"password":"abcdef"}`, `)]}',`+"\n"+`{"password":"`+fp("abcdef")+`"}`)
	f(js, `{"count":12,"next_page_token":"abcdef","text":"the password is long"}`, `{"count":12,"next_page_token":"abcdef","text":"the password is long"}`)
	f(form, "user=a&password=a%2Bb&x=1", "user=a&password="+fp("a+b")+"&x=1")
	f(form, `{"password":"abcdef"}`, `{"password":"`+fp("abcdef")+`"}`)
	f("text/plain", "password: abcdef\nuser: x", "password: "+fp("abcdef")+"\nuser: x")
	f("text/plain", "export API_KEY=abcdef;x", "export API_KEY="+fp("abcdef;x"))
	f("text/plain", "Authorization: Bearer "+opaque+"\n", "Authorization: Bearer "+fp(opaque)+"\n")
	f("text/plain", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", fp("-----BEGINECPRIVATEKEY-----AAAA-----ENDECPRIVATEKEY-----")+"\n")
	f("text/plain", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	f("text/yaml", "db:\n  password: correct horse, battery\n  user: x\n", "db:\n  password: "+fp("correct horse, battery")+"\n  user: x\n")
	f(js, `{"query":"mutation { login(mail: \"a@b\", password: \"abcdef\") { id } }"}`, `{"query":"mutation { login(mail: \"a@b\", password: \"`+fp("abcdef")+`\") { id } }"}`)
	f(js, `{"query":"mutation($password: String!) { login(name: \"x\", password: $password) }"}`, `{"query":"mutation($password: String!) { login(name: \"x\", password: $password) }"}`)
	f(js, `{"password":"password","string":1,"properties":{"password":{"type":"string"}}}`, `{"password":"`+fp("password")+`","string":1,"properties":{"password":{"type":"`+fp("string")+`"}}}`)
	f(js, `{"password":"abc123","errors":[{"value":"abc123"},"xabc123x"]}`, `{"password":"`+fp("abc123")+`","errors":[{"value":"`+fp("abc123")+`"},"xabc123x"]}`)
	f(form, "a=1&password=ab;cdefghi&x=1;token=abcdef;y=2", "a=1&password="+fp("ab;cdefghi")+"&x=1;token="+fp("abcdef")+";y=2")
	f("text/event-stream", "data: {\"token\":\"abcdef\"}\n\n", "data: {\"token\":\""+fp("abcdef")+"\"}\n\n")
	f("text/xml", "<a><ns:password x='1'>a&amp;b</ns:password><b>c</b></a>", "<a><ns:password x='1'>"+fp("a&b")+"</ns:password><b>c</b></a>")
	f("text/xml", "<a secret=\"abcdef\"><token><![CDATA[xyz]]></token></a>", "<a secret=\""+fp("abcdef")+"\"><token><![CDATA["+fp("xyz")+"]]></token></a>")
	f("text/html", `<input name="password" value="abcdef"><p>x</p>`, `<input name="password" value="`+fp("abcdef")+`"><p>x</p>`)
	f("multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nabcdef\r\n--B\r\nContent-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{\"token\":\"xyz\"}\r\n--B--\r\n",
		"--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n"+fp("abcdef")+"\r\n--B\r\nContent-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{\"token\":\""+fp("xyz")+"\"}\r\n--B--\r\n")
	f("multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\na\x00b\r\n--B--", "--B\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n[binary]\r\n--B--")
}

func TestBodyIsNotText(t *testing.T) {
	for _, body := range []string{"\x00\x01", "\x1f\x8b\x08\x00", "\xff\xfe{\x00", "\x89PNG\r\n\x1a\n\x03"} {
		if out, ok := newTest(t).Call().Body("application/json", []byte(body), false); ok || len(out) != 0 {
			t.Errorf("Body(%q) = %q, %v, want nothing", body, out, ok)
		}
	}
}

func TestKnown(t *testing.T) {
	c := newTest(t).Call()
	c.Header("Authorization", "Bearer a+b/c="+opaque)
	secret := "a+b/c=" + opaque
	for _, echo := range []string{
		secret, url.QueryEscape(secret), strings.ReplaceAll(secret, "/", `\/`), strings.ReplaceAll(secret, "+", `\u002b`),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte("x:" + secret)),
		base64.StdEncoding.EncodeToString([]byte("u" + secret + "u")),
	} {
		body := `{"echo":"` + echo + `"}`
		out, ok := c.Body("application/json", []byte(body), false)
		if want := `{"echo":"` + fp(secret) + `"}`; !ok || string(out) != want {
			t.Errorf("Body(%s)\n got %s\nwant %s", body, out, want)
		}
	}
	given := newTest(t).Call(Known{Value: Secret(opaque), Fingerprint: "fp:given"})
	if got := given.Header("X-Echo", "x "+opaque); got != "x fp:given" {
		t.Errorf("given fingerprint: got %q", got)
	}
	if got := given.Found(); len(got) != 1 || got[0] != (Found{InHeader, "known", "fp:given"}) {
		t.Errorf("Found = %v", got)
	}
}

func TestSameFingerprintEverywhere(t *testing.T) {
	want := fp(opaque)
	r := newTest(t)
	check := func(place, got string) {
		t.Helper()
		if !strings.Contains(got, want) || strings.Contains(got, opaque) {
			t.Errorf("%s: got %q, want it to hold %s", place, got, want)
		}
	}
	check("bearer", r.Call().Header("Authorization", "Bearer "+opaque))
	check("basic", r.Call().Header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("a:"+opaque))))
	check("key", r.Call().Header("X-Api-Key", opaque))
	check("cookie", r.Call().Header("Cookie", "session="+opaque))
	check("query", r.Call().Query("api_key="+opaque))
	for contentType, body := range map[string]string{
		"application/json": `{"token":"` + opaque + `"}`, "application/x-www-form-urlencoded": "token=" + opaque,
		"text/plain": "token=" + opaque, "text/xml": "<token>" + opaque + "</token>",
	} {
		out, _ := r.Call().Body(contentType, []byte(body), false)
		check(contentType, string(out))
	}
}

func TestHeadersLeavesTheInput(t *testing.T) {
	in := map[string][]string{"Authorization": {"Bearer " + opaque}, "Accept": {"*/*"}}
	out := newTest(t).Call().Headers(in)
	if in["Authorization"][0] != "Bearer "+opaque || out["Authorization"][0] != "Bearer "+fp(opaque) || &out["Accept"][0] != &in["Accept"][0] {
		t.Errorf("in %v, out %v", in, out)
	}
}

func TestScanString(t *testing.T) {
	for pad := range 20 {
		for _, tail := range []string{`"`, `\"x"`, `=x"`, `\u0041"`, `\/"`, `\\"`, ``, `\`, `é"`} {
			in := `"` + strings.Repeat("a", pad) + tail
			got := scanString(in, 0)
			want := jsonString{end: len(in) - 1, closed: true, escapes: strings.ContainsAny(tail, "u/"), quotes: len(tail) > 2 && tail[1] == '"', equals: strings.Contains(tail, "=")}
			if !strings.HasSuffix(tail, `"`) {
				want.end, want.closed = len(in), false
			}
			if got != want {
				t.Errorf("scanString(%s) = %+v, want %+v", in, got, want)
			}
		}
	}
}
