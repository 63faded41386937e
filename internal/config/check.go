package config

import (
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/classify"
)

// check reports what is wrong with values that parsed: each in its context.
func (l *loader) check() {
	l.checkFiles(reflect.ValueOf(l.cfg).Elem(), "")
	c := l.cfg
	l.checkAddress("ops.listen", c.Ops.Listen)
	l.checkKeyPair("ops.tls", c.Ops.TLS.Certificate, c.Ops.TLS.Key)
	l.checkConsole()
	l.checkListeners()
	l.checkRoutes()
	l.checkSources()
	l.checkIdentity()
	l.checkRedact()
	l.checkClassify()
	l.checkLedger()
	l.checkEncryption()
	l.checkRetention()
	l.checkDetect()
	l.checkWitness()
	l.checkIndex()
	l.checkAlerts()
	l.checkProviders()
	l.checkPlaces()
}

// complain reports a problem with the key at path, or, if it is not written
// anywhere, with the section that lacks it.
func (l *loader) complain(path, format string, args ...any) {
	l.report(l.cfg.origin(path), path, format, args...)
}

// origin returns where the value at path came from, or else the section
// around it. The zero origin means that all of it is default.
func (c *Config) origin(path string) origin {
	for path != "" {
		if o, ok := c.origins[path]; ok {
			return o
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return c.origins[""]
}

var hostName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)

// checkAddress reports whether address can be listened on, as far as its text
// tells.
func (l *loader) checkAddress(path, address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		l.complain(path, "%q is not an address, write host:port such as 127.0.0.1:8400, or :8400 for all addresses", shorten(address))
		return false
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		l.complain(path, "%q has a port that is not a number from 0 to 65535, correct it", shorten(address))
		return false
	}
	if _, err := netip.ParseAddr(host); host != "" && err != nil && !hostName.MatchString(strings.ToLower(host)) {
		l.complain(path, "%q has a host that is neither a name nor an IP address, correct it", shorten(address))
		return false
	}
	return true
}

// clash reports whether two valid addresses cannot both be listened on.
func clash(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	return portA == portB && portA != "0" && (hostA == hostB || wildcard(hostA) || wildcard(hostB))
}

func wildcard(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || err == nil && a.IsUnspecified()
}

// uniqueName reports a missing name, and one that is in taken, to which it is
// added. taken holds the paths by name.
func (l *loader) uniqueName(path, name string, taken map[string]string) {
	switch other, dup := taken[name]; {
	case name == "":
		l.complain(path, "is missing, give it a name of its own")
	case dup:
		l.complain(path, "%q is the name of %s too, choose another", shorten(name), other)
	default:
		taken[name] = strings.TrimSuffix(path, ".name")
	}
}

func (l *loader) checkListeners() {
	c := l.cfg
	names := map[string]string{}
	for i, ln := range c.Gateway.Listeners {
		path := fmt.Sprintf("gateway.listeners[%d]", i)
		l.uniqueName(path+".name", ln.Name, names)
		l.checkListenerTLS(path+".tls", ln.TLS)
		if ln.Address == "" {
			l.complain(path+".address", "is missing, write host:port such as :8400")
			continue
		}
		if !l.checkAddress(path+".address", ln.Address) {
			continue
		}
		if clash(ln.Address, c.Ops.Listen) {
			l.complain(path+".address", "%q is also the address of ops.listen (%s), change one of them", ln.Address, c.Ops.Listen)
		}
		for j, other := range c.Gateway.Listeners[:i] {
			if clash(ln.Address, other.Address) {
				l.complain(path+".address", "%q is also the address of gateway.listeners[%d] (%s), change one of them", ln.Address, j, other.Address)
			}
		}
	}
}

func (l *loader) checkListenerTLS(path string, t ListenerTLS) {
	l.checkKeyPair(path, t.Certificate, t.Key)
	l.checkCA(path+".client_ca", t.ClientCA)
	switch {
	case t.ClientAuth == ClientAuthNone && t.ClientCA != "":
		l.complain(path+".client_auth", "is none, so that client_ca has no use: write request or require, or remove client_ca")
	case t.ClientAuth != ClientAuthNone && t.ClientCA == "":
		l.complain(path+".client_ca", "is missing, name the authorities for client_auth: %s", t.ClientAuth)
	case t.ClientAuth != ClientAuthNone && t.Certificate == "":
		l.complain(path+".certificate", "is missing, clients can be asked for a certificate over TLS only")
	}
}

func (l *loader) checkLedger() {
	c := l.cfg
	if strings.ContainsAny(c.Ledger.Origin, " \t+") {
		l.complain("ledger.origin", "%q has a space or a plus sign, write a name such as example.com/gatebook", shorten(c.Ledger.Origin))
	}
	for i, r := range c.Gateway.Routes {
		if kept := r.Capture.RequestBody + r.Capture.ResponseBody; kept > c.Ledger.QueueBytes/4 {
			l.complain(fmt.Sprintf("gateway.routes[%d].capture", i),
				"keeps up to %s a call, more than a quarter of ledger.queue_bytes (%s): lower the one or raise the other", kept, c.Ledger.QueueBytes)
		}
	}
}

func (l *loader) checkEncryption() {
	e := l.cfg.Encryption
	switch {
	case e.Mode == EncryptionAge && e.KeyFile == "":
		l.complain("encryption.key_file", "is missing, name the age identity file (make one with age-keygen)")
	case e.Mode == EncryptionNone && (e.KeyFile != "" || e.KeysDir != "" || len(e.PreviousKeyFiles) > 0):
		l.complain("encryption.mode", "is none, so that the other keys of encryption have no use: write file or age, or remove them")
	}
	for i, name := range e.PreviousKeyFiles {
		l.checkFile(fmt.Sprintf("encryption.previous_key_files[%d]", i), name, "private")
	}
}

func (l *loader) checkIndex() {
	x := l.cfg.Index
	if x.Mode == IndexRemote {
		if x.URL == nil {
			l.complain("index.url", "is missing, name the remote index, or write mode: child")
		}
	} else {
		for key, given := range map[string]bool{"url": x.URL != nil, "token": !x.Token.IsZero(), "token_file": x.TokenFile != ""} {
			if given {
				l.complain("index."+key, "is for mode: remote only, and the mode is %s: change the mode or remove this", x.Mode)
			}
		}
	}
	if !x.Token.IsZero() && x.TokenFile != "" {
		l.complain("index.token_file", "is given besides index.token, keep one of them")
		return
	}
	if x.TokenFile == "" {
		return
	}
	if data, ok := l.contents("index.token_file", x.TokenFile); ok {
		l.cfg.Index.Token = NewSecret(strings.TrimSpace(string(data)))
		if l.cfg.Index.Token.IsZero() {
			l.complain("index.token_file", "%s is empty, put the token into it", x.TokenFile)
		}
	}
}

var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// checkHeaderNames reports names that no header can have.
func (l *loader) checkHeaderNames(path string, names []string) {
	for i, name := range names {
		if !headerName.MatchString(name) {
			l.complain(fmt.Sprintf("%s[%d]", path, i), "%q is not the name of a header, write one such as X-Session", shorten(name))
		}
	}
}

// checkClassify checks that the classes are there.
func (l *loader) checkClassify() {
	var codes []string
	for _, c := range classify.Classes() {
		codes = append(codes, c.Code())
	}
	for i, code := range l.cfg.Classify.Omit {
		if classify.ByCode(code) == classify.None {
			l.complain(fmt.Sprintf("classify.omit[%d]", i), "%q is not a class of data%s", shorten(code), suggestClass(code, codes))
		}
	}
	for i, text := range l.cfg.Classify.Fields {
		at := fmt.Sprintf("classify.fields[%d]", i)
		class, name, ok := strings.Cut(text, "=")
		switch {
		case !ok || len(name) > 64 || classify.NormalName(name) == "":
			l.complain(at, "%q is not a class and the name of a field, write it as finance=umsatz", shorten(text))
		case classify.ByCode(class) == classify.None:
			l.complain(at, "%q is not a class of data%s", shorten(class), suggestClass(class, codes))
		}
	}
}

// suggestClass ends the sentence about an unknown class.
func suggestClass(name string, codes []string) string {
	if s := didYouMean(name, codes); s != "" {
		return s
	}
	return ", they are listed in docs/classes.md"
}

// checkDetect checks what can be checked without the rules.
func (l *loader) checkDetect() {
	d := l.cfg.Detect
	if d.Patience > d.Lateness {
		l.complain("detect.patience", "is longer than detect.lateness (%s), write at most that", d.Lateness)
	}
	names := map[string]string{}
	for i, x := range d.Levels {
		path := fmt.Sprintf("detect.levels[%d]", i)
		l.uniqueName(path+".rule", x.Name, names)
		if x.Level == "" {
			l.complain(path+".level", "is missing, write informational, low, medium, high or critical")
		}
	}
}

func (l *loader) checkRedact() {
	l.checkHeaderNames("redact.headers", l.cfg.Redact.Headers)
}

// checkRetention reports times that are no whole days, since whole days
// expire, and routes that are named wrongly.
func (l *loader) checkRetention() {
	whole := func(path string, keep ...time.Duration) {
		for i, key := range []string{"who", "what", "payload"} {
			if keep[i]%(24*time.Hour) != 0 {
				l.complain(path+"."+key, "is no whole number of days, write one such as 30d")
			}
		}
	}
	r := l.cfg.Retention
	whole("retention", r.Who, r.What, r.Payload)
	names := map[string]string{}
	for i, x := range r.Routes {
		path := fmt.Sprintf("retention.routes[%d]", i)
		l.uniqueName(path+".route", x.Name, names)
		whole(path, x.Who, x.What, x.Payload)
		if strings.Contains(x.Name, ",") {
			l.complain(path+".route", "%q has a comma, which stands between routes in what is sealed: rename the route", shorten(x.Name))
		}
	}
}
