package receivers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/mail"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/alertmanager"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	amail "github.com/gatebook/gatebook/internal/alert/mail"
	"github.com/gatebook/gatebook/internal/alert/syslog"
)

// gettable is an alert as the API of Alertmanager shows it.
type gettable struct {
	Labels, Annotations map[string]string
	StartsAt, EndsAt    time.Time
	Status              struct{ State string }
	GeneratorURL        string
}

// The real Alertmanager: an incident fires, is raised, is told of again, and is
// over.
func TestAlertmanager(t *testing.T) {
	program := need(t, "prometheus-alertmanager", "prometheus-alertmanager")
	dir, port := t.TempDir(), freePort(t)
	write(t, filepath.Join(dir, "am.yml"), "route: {receiver: none}\nreceivers: [{name: none}]\n")
	run(t, program, "--config.file="+filepath.Join(dir, "am.yml"), "--storage.path="+dir, "--web.listen-address=127.0.0.1:"+port, "--cluster.listen-address=")
	listening(t, port)
	base := "http://127.0.0.1:" + port
	until(t, "it is ready", func() bool {
		res, err := http.Get(base + "/-/ready")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	client, err := egress.NewClient(egress.HTTPConfig{URL: u})
	if err != nil {
		t.Fatal(err)
	}
	c := alertmanager.New(alertmanager.Config{Client: client, Source: "example.com/gatebook", Labels: map[string]string{"cluster": "eu-1"}})
	o := open(t, deliver.Config{Refire: 300 * time.Millisecond, Receivers: []deliver.Receiver{{Name: "am", Channel: c, Detail: deliver.Full, Lifecycle: true}}})

	alerts := func() []gettable {
		t.Helper()
		res, err := http.Get(base + "/api/v2/alerts")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var list []gettable
		if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	first := notice(1, 1, alert.Opened)
	first.Severity, first.From = "medium", time.Now().Add(-time.Minute).UTC()
	o.add(first)
	until(t, "it fires", func() bool { return len(alerts()) == 1 })
	a := alerts()[0]
	for name, want := range map[string]string{"alertname": "GatebookIncident", "incident": first.Incident, "severity": "medium", "rule": "mass-read", "instance": "example.com/gatebook", "cluster": "eu-1"} {
		if a.Labels[name] != want {
			t.Errorf("label %s: got %q, want %q", name, a.Labels[name], want)
		}
	}
	if a.GeneratorURL != first.Link || a.Annotations["summary"] != first.Title || a.Annotations["principal_id"] != "p_1" || !strings.Contains(a.Annotations["description"], "240 events") {
		t.Errorf("got %+v", a)
	}

	// It is told of again, each time for longer.
	until(t, "it is told of again", func() bool { list := alerts(); return len(list) == 1 && list[0].EndsAt.After(a.EndsAt) })

	raised := notice(1, 2, alert.Raised)
	raised.From = first.From
	o.add(raised)
	until(t, "only the raised one fires", func() bool {
		list := alerts()
		return len(list) == 1 && list[0].Labels["severity"] == "high"
	})

	over := notice(1, 3, alert.Closed)
	over.From = first.From
	o.add(over)
	until(t, "it is over", func() bool { return len(alerts()) == 0 })
	if delivered, dead := o.await("am"); delivered != 3 || dead != 0 {
		t.Errorf("%d delivered, %d dead", delivered, dead)
	}
	if answer, err := o.Test(t.Context(), "am"); err != nil || answer != "200 OK" {
		t.Errorf("test: got %q, %v", answer, err)
	}
}

// exim starts a real mail server that takes mail over TLS with a password only,
// and puts it into a file.
func exim(t *testing.T) (port, box, ca string, config amail.Config) {
	program := need(t, "exim4", "exim4-daemon-light")
	if os.Getuid() != 0 {
		t.Skip("exim4 lets only root run a server with another configuration")
	}
	dir := folder(t)
	port = freePort(t)
	cert, key, pool := certificate(t, dir)
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("there is no user nobody, as whom exim4 would run")
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	for _, name := range []string{"spool", "log", "box"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(dir, name), uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	conf := fmt.Sprintf(`exim_path = %[1]s
exim_user = %[5]d
exim_group = %[6]d
local_interfaces = 127.0.0.1
spool_directory = %[2]s/spool
log_file_path = %[2]s/log/%%slog
pid_file_path = %[2]s/exim.pid
tls_advertise_hosts = *
tls_certificate = %[3]s
tls_privatekey = %[4]s
keep_environment =
primary_hostname = mail.example.com
acl_smtp_mail = acl_mail
acl_smtp_rcpt = acl_rcpt
begin acl
acl_mail:
  accept
acl_rcpt:
  deny
    message = no such user
    local_parts = nobody-here
  require authenticated = *
  accept
begin routers
all:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  file = %[2]s/box/mbox
  user = %[5]d
  group = %[6]d
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{gatebook}}{eq{$auth3}{hunter2-hunter2}}}}
  server_set_id = $auth2
  server_advertise_condition = ${if def:tls_in_cipher}
`, program, dir, cert, key, uid, gid)
	write(t, filepath.Join(dir, "exim.conf"), conf)
	run(t, program, "-bdf", "-oX", "127.0.0.1."+port, "-C", filepath.Join(dir, "exim.conf"))
	listening(t, port)
	return port, filepath.Join(dir, "box", "mbox"), cert, amail.Config{
		Server: "localhost:" + port, CA: pool, User: "gatebook", Password: "hunter2-hunter2",
		From: &mail.Address{Name: "Gatebook", Address: "gatebook@example.com"},
		To:   []*mail.Address{{Name: "Security", Address: "security@example.com"}, {Address: "on-call@example.com"}},
	}
}

// A real mail server: what arrives is one conversation, in plain text and HTML,
// and nothing of a caller's is a header or markup.
func TestMail(t *testing.T) {
	_, box, _, config := exim(t)
	c, err := amail.New(config)
	if err != nil {
		t.Fatal(err)
	}
	o := open(t, deliver.Config{Receivers: []deliver.Receiver{{Name: "mail", Channel: c, Detail: deliver.Full}}})
	o.add(notice(1, 1, alert.Opened), notice(1, 2, alert.Closed))
	if delivered, dead := o.await("mail"); delivered != 2 || dead != 0 {
		t.Fatalf("%d delivered, %d dead", delivered, dead)
	}
	var raw string
	until(t, "both are in the file", func() bool {
		b, _ := os.ReadFile(box)
		raw = string(b)
		return strings.Count(raw, "\nMessage-ID: ") == 4 && strings.HasSuffix(raw, "\n\n") // two for each of two recipients
	})
	seen := make(map[string]bool)
	for _, text := range strings.Split("\n"+raw, "\nFrom gatebook@example.com")[1:] {
		_, text, _ = strings.Cut(text, "\n")
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		checkMail(t, m)
		seen[m.Header.Get("Message-Id")+" "+m.Header.Get("Subject")] = true
	}
	for _, want := range []string{
		"<inc_000000000001.1@example.com> [Gatebook] high: Mass read of customers",
		"<inc_000000000001.2@example.com> Re: [Gatebook] high: Mass read of customers",
	} {
		if !seen[want] {
			t.Errorf("no mail %q among %v", want, seen)
		}
	}
	checkMailRefusals(t, config)
}

func checkMail(t *testing.T, m *mail.Message) {
	t.Helper()
	for name, want := range map[string]string{
		"References": "<inc_000000000001@example.com>", "In-Reply-To": "<inc_000000000001@example.com>", "Auto-Submitted": "auto-generated",
		"From": `"Gatebook" <gatebook@example.com>`, "X-Gatebook-Incident": "inc_000000000001",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if len(m.Header["Subject"]) != 1 {
		t.Errorf("got subjects %q", m.Header["Subject"])
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("got content type %q, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	var texts []string
	for {
		p, err := parts.NextPart() // decodes quoted-printable
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, p.Header.Get("Content-Type")+"\n"+string(b))
	}
	if len(texts) != 2 || !strings.HasPrefix(texts[0], "text/plain; charset=utf-8\n") || !strings.HasPrefix(texts[1], "text/html; charset=utf-8\n") {
		t.Fatalf("got parts %q", texts)
	}
	for _, want := range []string{"who.agent: <!channel> <http://evil.example|click>", "objects 240 (> 100)", "records 4715, 4716, 4717, 4718, 4719", "https://gatebook.example.com/console/incidents/inc_000000000001", "\U0001F600"} {
		if !strings.Contains(texts[0], want) {
			t.Errorf("the text has no %q:\n%s", want, texts[0])
		}
	}
	if strings.Contains(texts[1], "<b>&amp;amp;") == strings.Contains(texts[1], "&lt;b&gt;&amp;amp;") || strings.Contains(texts[1], "href=\"http://evil") {
		t.Errorf("the HTML has markup of a caller:\n%s", texts[1])
	}
}

// checkMailRefusals sends wrongly: nothing that is wrong is accepted, and no
// reason has a secret or an address.
func checkMailRefusals(t *testing.T, config amail.Config) {
	t.Helper()
	for _, x := range []struct {
		name   string
		change func(*amail.Config)
		want   string
	}{
		{"password", func(c *amail.Config) { c.Password = "wrong-wrong" }, "authenticating: the server answered 535: check user and password"},
		{"recipient", func(c *amail.Config) { c.To = []*mail.Address{{Address: "nobody-here@example.com"}} }, "naming a recipient: the server answered 550"},
		{"authority", func(c *amail.Config) { c.CA = nil }, "connecting: the certificate is of an authority that is not known: name it with ca, if it is right"},
		{"no TLS", func(c *amail.Config) { c.Security, c.User = amail.None, "" }, "naming a recipient: the server answered 550"},
		{"TLS at once", func(c *amail.Config) { c.Security = amail.TLS }, "connecting: the receiver does not speak TLS there"},
	} {
		c := config
		x.change(&c)
		ch, err := amail.New(c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err = ch.Send(ctx, deliver.TestMessage("test_1", time.Now()))
		cancel()
		e := egress.Wrap(err)
		if e == nil || e.Reason != x.want || e.Permanent {
			t.Errorf("%s: got %+v, want %q", x.name, e, x.want)
		}
	}
}

// The real rsyslog, over UDP, TCP and TLS: what it understood is what was sent.
func TestSyslog(t *testing.T) {
	program := need(t, "rsyslogd", "rsyslog")
	dir := folder(t)
	cert, key, pool := certificate(t, dir)
	tcp, secure, udp := freePort(t), freePort(t), freePort(t)
	tls := ""
	if _, err := os.Stat("/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_ossl.so"); err == nil {
		tls = fmt.Sprintf("input(type=\"imtcp\" address=\"127.0.0.1\" port=\"%s\" StreamDriver.Name=\"ossl\" StreamDriver.Mode=\"1\" StreamDriver.AuthMode=\"anon\")\n", secure)
	} else {
		t.Log("TLS is not tested: the Debian package rsyslog-openssl is not installed")
	}
	out := filepath.Join(dir, "out.json")
	write(t, filepath.Join(dir, "rsyslog.conf"), fmt.Sprintf(`global(workDirectory="%[1]s" maxMessageSize="64k" DefaultNetstreamDriverCAFile="%[5]s" DefaultNetstreamDriverCertFile="%[5]s" DefaultNetstreamDriverKeyFile="%[6]s")
module(load="imtcp")
module(load="imudp")
module(load="mmpstrucdata")
input(type="imtcp" address="127.0.0.1" port="%[2]s")
input(type="imudp" address="127.0.0.1" port="%[3]s")
%[4]stemplate(name="all" type="list" option.jsonf="on") {
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="facility" name="syslogfacility-text" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="id" name="msgid" format="jsonf")
  property(outname="version" name="protocol-version" format="jsonf")
  property(outname="data" name="$!rfc5424-sd!gatebook@32473" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}
action(type="mmpstrucdata")
action(type="omfile" file="%[7]s" template="all" FileCreateMode="0644")
`, dir, tcp, udp, tls, cert, key, out))
	run(t, program, "-n", "-f", filepath.Join(dir, "rsyslog.conf"), "-i", filepath.Join(dir, "rsyslogd.pid"))
	listening(t, tcp)

	receivers := []deliver.Receiver{}
	add := func(name string, c syslog.Config) {
		c.CA, c.Facility, c.Host = pool, syslog.Facilities["authpriv"], "gate-1"
		ch, err := syslog.New(c)
		if err != nil {
			t.Fatal(err)
		}
		receivers = append(receivers, deliver.Receiver{Name: name, Channel: ch, Detail: deliver.Full})
	}
	add("tcp", syslog.Config{Server: "127.0.0.1:" + tcp, Transport: syslog.TCP})
	add("lines", syslog.Config{Server: "127.0.0.1:" + tcp, Transport: syslog.TCP, Framing: syslog.Newline})
	add("udp", syslog.Config{Server: "127.0.0.1:" + udp, Transport: syslog.UDP})
	if tls != "" {
		listening(t, secure)
		add("tls", syslog.Config{Server: "localhost:" + secure, Transport: syslog.TLS})
	}
	o := open(t, deliver.Config{Receivers: receivers})
	o.add(notice(1, 1, alert.Opened), notice(1, 2, alert.Closed))
	for _, r := range receivers {
		if delivered, dead := o.await(r.Name); delivered != 2 || dead != 0 {
			t.Fatalf("%s: %d delivered, %d dead", r.Name, delivered, dead)
		}
	}
	var lines []string
	until(t, "all are in the file", func() bool {
		b, _ := os.ReadFile(out)
		lines = strings.Split(strings.TrimSpace(string(b)), "\n")
		return len(lines) == 2*len(receivers)
	})
	for _, line := range lines {
		checkSyslog(t, line)
	}
	// Nobody listens: over TCP that is known, over UDP mostly, too.
	ch, err := syslog.New(syslog.Config{Server: "127.0.0.1:" + freePort(t), Transport: syslog.TCP})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ch.Send(t.Context(), deliver.TestMessage("test_1", time.Now())); err == nil || err.Error() != "the connection was refused" {
		t.Errorf("nobody listens: got %v", err)
	}
}

func checkSyslog(t *testing.T, line string) {
	t.Helper()
	var m struct {
		Severity, Facility, Host, App, ID, Version, Message string
		Data                                                json.RawMessage
	}
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if m.Severity != "err" || m.Facility != "authpriv" || m.Host != "gate-1" || m.App != "gatebook" || m.ID != "incident" || m.Version != "1" || !strings.HasSuffix(m.Message, "Mass read of customers") {
		t.Errorf("got %+v", m)
	}
	data := string(m.Data)
	var inner string
	if json.Unmarshal(m.Data, &inner) == nil {
		data = inner
	}
	var sd map[string]string
	if err := json.Unmarshal([]byte(data), &sd); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	if sd["incident"] != "inc_000000000001" || sd["severity"] != "high" || sd["principal.id"] != "p_1" || !strings.Contains(sd["who.agent"], "<!channel>") {
		t.Errorf("got structured data %v", sd)
	}
}
