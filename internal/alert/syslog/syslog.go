// Package syslog sends messages as syslog (RFC 5424) over UDP (RFC 5426), TCP
// (RFC 6587) or TLS (RFC 5425), one connection for each.
//
// Syslog has no acknowledgement. Over TCP and TLS the sending side is closed
// after the message, and the message counts as accepted once the receiver
// closes its side, or says nothing for a while: one that was reset counts as
// failed, and is sent again. Over UDP a message can be lost and nobody knows.
package syslog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
)

// Transport says how messages travel.
type Transport string

// The transports.
const (
	UDP Transport = "udp"
	TCP Transport = "tcp"
	TLS Transport = "tls"
)

// Framing says how messages are told apart in a stream.
type Framing string

// The framings of RFC 6587.
const (
	Octets  Framing = "octets"  // the length before each message; RFC 5425 knows this one only
	Newline Framing = "newline" // a line for each message
)

// Config is what a [Channel] needs. Server is required.
type Config struct {
	Server       string    // host:port
	Transport    Transport // empty: TLS
	Framing      Framing   // of TCP and TLS; empty: Octets
	AllowPrivate bool      // see [egress.NewGuard]
	CA           *x509.CertPool
	Facility     int    // of RFC 5424: 0 to 23
	Host         string // name of this machine, in each message; empty: none
	App          string // empty: gatebook
}

// Channel is a [deliver.Channel].
type Channel struct {
	cfg  Config
	host string
}

var _ deliver.Channel = (*Channel)(nil)

// New returns a channel.
func New(c Config) (*Channel, error) {
	if c.Transport == "" {
		c.Transport = TLS
	}
	if c.Framing == "" {
		c.Framing = Octets
	}
	if c.App == "" {
		c.App = "gatebook"
	}
	host, _, err := net.SplitHostPort(c.Server)
	if err != nil {
		return nil, fmt.Errorf("syslog: %w", err)
	}
	if c.Facility < 0 || c.Facility > 23 {
		return nil, errors.New("syslog: a facility is a number from 0 to 23")
	}
	return &Channel{c, host}, nil
}

// Sizes that every receiver is to take (RFC 5424, section 6.1), and that most
// take over a stream.
const (
	maxDatagram = 2048
	maxStream   = 8192
)

// How long an answer is waited for that may never come.
const (
	waitClose  = 2 * time.Second
	waitRefuse = 100 * time.Millisecond
)

// Send implements [deliver.Channel].
func (c *Channel) Send(ctx context.Context, m *deliver.Message) (string, error) {
	network, limit := "tcp", maxStream
	if c.cfg.Transport == UDP {
		network, limit = "udp", maxDatagram
	}
	line := c.format(m, limit)
	conn, err := egress.NewGuard(c.host, c.cfg.AllowPrivate).Dialer().DialContext(ctx, network, c.cfg.Server)
	if err != nil {
		return "", egress.Wrap(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if d, ok := ctx.Deadline(); ok {
		conn.SetDeadline(d)
	}
	if c.cfg.Transport == UDP {
		return c.datagram(conn, line)
	}
	if c.cfg.Transport == TLS {
		t := tls.Client(conn, &tls.Config{ServerName: c.host, RootCAs: c.cfg.CA, MinVersion: tls.VersionTLS12})
		if err := t.HandshakeContext(ctx); err != nil {
			return "", egress.Wrap(err)
		}
		conn = t
	}
	frame := append(line, '\n')
	if c.cfg.Framing == Octets {
		frame = append([]byte(strconv.Itoa(len(line))+" "), line...)
	}
	if _, err := conn.Write(frame); err != nil {
		return "", egress.Wrap(err)
	}
	if err := finish(conn); err != nil {
		return "", egress.Wrap(err)
	}
	return fmt.Sprintf("%d bytes written over %s", len(frame), c.cfg.Transport), nil
}

// datagram sends one datagram. A machine on which nobody listens mostly says
// so.
func (c *Channel) datagram(conn net.Conn, line []byte) (string, error) {
	if _, err := conn.Write(line); err != nil {
		return "", egress.Wrap(err)
	}
	conn.SetReadDeadline(time.Now().Add(waitRefuse))
	var b [1]byte
	if _, err := conn.Read(b[:]); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return "", egress.Wrap(err)
	}
	return fmt.Sprintf("%d bytes sent over udp, which nobody acknowledges", len(line)), nil
}

// finish says that nothing more comes, and waits for the other side to close.
func finish(conn net.Conn) error {
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		if err := c.CloseWrite(); err != nil {
			return err
		}
		if t, ok := conn.(*tls.Conn); ok {
			if c, ok := t.NetConn().(interface{ CloseWrite() error }); ok {
				if err := c.CloseWrite(); err != nil {
					return err
				}
			}
		}
	}
	conn.SetReadDeadline(time.Now().Add(waitClose))
	_, err := io.Copy(io.Discard, io.LimitReader(conn, 64<<10))
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil // it keeps the connection, or closes it without a word of TLS
	}
	return err
}
