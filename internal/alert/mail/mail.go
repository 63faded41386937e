// Package mail sends messages as e-mail over SMTP (RFC 5321), with STARTTLS or
// TLS from the start, as plain text and HTML (multipart/alternative).
//
// All messages about an incident refer to one id that is made of the
// incident's, so that mail programs show them as one conversation. A message
// that is sent again has the same Message-ID; most servers keep both.
//
// It is made on net/smtp, which is frozen and does all that is needed here; a
// library would bring a dialer of its own, past the guard of package egress.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/redact"
)

// Security says how the connection is protected.
type Security string

// The values of [Security].
const (
	StartTLS Security = "starttls" // begins in clear; without TLS nothing is sent
	TLS      Security = "tls"      // TLS from the first byte
	None     Security = "none"     // in clear; a password is never sent
)

// Config is what a [Channel] needs. Server, From and To are required.
type Config struct {
	Server       string   // host:port
	Security     Security // empty: StartTLS
	AllowPrivate bool     // see [egress.NewGuard]
	CA           *x509.CertPool
	User         string // empty: no authentication
	Password     redact.Secret
	From         *mail.Address
	To           []*mail.Address
	Hello        string // name of this machine for EHLO; empty: localhost
	Now          func() time.Time
}

// Channel is a [deliver.Channel].
type Channel struct {
	cfg  Config
	host string
}

var _ deliver.Channel = (*Channel)(nil)

// New returns a channel.
func New(c Config) (*Channel, error) {
	if c.Security == "" {
		c.Security = StartTLS
	}
	if c.Hello == "" {
		c.Hello = "localhost"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	host, _, err := net.SplitHostPort(c.Server)
	if err != nil || c.From == nil || len(c.To) == 0 {
		return nil, errors.New("mail: a server with a port, a sender and a recipient are needed")
	}
	if c.User != "" && c.Security == None {
		return nil, errors.New("mail: a password is not sent without TLS")
	}
	return &Channel{c, host}, nil
}

// Send implements [deliver.Channel]. All recipients get one message; if the
// server refuses one of them, none gets it.
func (c *Channel) Send(ctx context.Context, m *deliver.Message) (string, error) {
	raw, err := c.compose(m)
	if err != nil {
		return "", err
	}
	client, conn, err := c.connect(ctx)
	if err != nil {
		return "", problem("connecting", err, false)
	}
	defer conn.Close()
	if c.cfg.User != "" {
		if err := client.Auth(c.auth(client)); err != nil {
			return "", problem("authenticating", err, false)
		}
	}
	if err := client.Mail(c.cfg.From.Address); err != nil {
		return "", problem("naming the sender", err, false)
	}
	for _, to := range c.cfg.To {
		if err := client.Rcpt(to.Address); err != nil {
			return "", problem("naming a recipient", err, false)
		}
	}
	w, err := client.Data()
	if err != nil {
		return "", problem("sending", err, false)
	}
	if _, err := w.Write(raw); err != nil {
		return "", problem("sending", err, false)
	}
	// The server has the message once it answered to its end.
	if err := w.Close(); err != nil {
		return "", problem("sending", err, true)
	}
	client.Quit() // what it answers changes nothing
	return fmt.Sprintf("accepted for %d recipients", len(c.cfg.To)), nil
}

// connect returns a client that has said EHLO, over TLS if it is asked for. It
// is cut when ctx ends.
func (c *Channel) connect(ctx context.Context) (*smtp.Client, net.Conn, error) {
	conn, err := egress.NewGuard(c.host, c.cfg.AllowPrivate).Dialer().DialContext(ctx, "tcp", c.cfg.Server)
	if err != nil {
		return nil, nil, err
	}
	if d, ok := ctx.Deadline(); ok {
		conn.SetDeadline(d)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	conn = &cut{conn, stop}
	config := &tls.Config{ServerName: c.host, RootCAs: c.cfg.CA, MinVersion: tls.VersionTLS12}
	if c.cfg.Security == TLS {
		t := tls.Client(conn, config)
		if err := t.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, nil, err
		}
		conn = t
	}
	client, err := smtp.NewClient(conn, c.host)
	if err == nil {
		err = client.Hello(c.cfg.Hello)
	}
	if err == nil && c.cfg.Security == StartTLS {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			err = &egress.Error{Reason: "the server offers no STARTTLS: without TLS nothing is sent (security: tls, or none, if that is right)"}
		} else {
			err = client.StartTLS(config)
		}
	}
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return client, conn, nil
}

// cut is a connection that a context no longer watches once it is closed.
type cut struct {
	net.Conn
	stop func() bool
}

func (c *cut) Close() error {
	c.stop()
	return c.Conn.Close()
}

// auth chooses PLAIN, or LOGIN where the server offers only that.
func (c *Channel) auth(client *smtp.Client) smtp.Auth {
	_, offered := client.Extension("AUTH")
	if fields := " " + strings.ToUpper(offered) + " "; strings.Contains(fields, " LOGIN ") && !strings.Contains(fields, " PLAIN ") {
		return &login{c.cfg.User, string(c.cfg.Password)}
	}
	return smtp.PlainAuth("", c.cfg.User, string(c.cfg.Password), c.host)
}

// login is AUTH LOGIN, which was never more than a draft
// (draft-murchison-sasl-login) and is all that some servers offer.
type login struct{ user, password string }

func (l *login) Start(s *smtp.ServerInfo) (string, []byte, error) {
	if !s.TLS {
		return "", nil, &egress.Error{Reason: "a password is not sent without TLS"}
	}
	return "LOGIN", nil, nil
}

func (l *login) Next(prompt []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	switch strings.ToLower(strings.TrimRight(string(prompt), ":")) {
	case "username", "user name":
		return []byte(l.user), nil
	case "password":
		return []byte(l.password), nil
	}
	return nil, &egress.Error{Reason: "the server asks for something else than a name and a password"}
}

// problem says what went wrong without what the server wrote, which can hold
// addresses. A refusal of the content is permanent; of a sender, a recipient or
// a password it is not, since that can be put right.
func problem(doing string, err error, content bool) error {
	var t *textproto.Error
	if !errors.As(err, &t) {
		e := *egress.Wrap(err)
		e.Reason = doing + ": " + e.Reason
		return &e
	}
	e := &egress.Error{Reason: doing + ": the server answered " + strconv.Itoa(t.Code), Answer: deliver.Cut(deliver.Clean(t.Msg), 300)}
	switch {
	case t.Code == 535, t.Code == 534, t.Code == 530:
		e.Reason += ": check user and password"
	case t.Code >= 500 && content:
		e.Permanent = true
	}
	return e
}
