package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

// Error is why something was not accepted, or not known to be.
type Error struct {
	// Reason says it for people. It holds no secret, nothing of the message
	// and nothing that the receiver wrote.
	Reason string

	// Permanent says that the receiver refused this message for what it is:
	// it would refuse it again.
	Permanent bool

	// After is how long the receiver asked to be left alone. 0: it did not.
	After time.Duration

	// Answer is the beginning of what the receiver said. It can hold parts of
	// the message: it is shown for a test message only.
	Answer string
}

// Error implements error, with the reason alone.
func (e *Error) Error() string { return e.Reason }

// Wrap returns err, of a connection, as an [Error]: without the URL, which can
// be a secret. nil stays nil.
func Wrap(err error) *Error {
	if err == nil {
		return nil
	}
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	return &Error{Reason: reason(err)}
}

// reason says in our own words what went wrong: errors of libraries can quote
// what was sent or received.
func reason(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var (
		unknown *net.DNSError
		cert    *tls.CertificateVerificationError
		host    x509.HostnameError
		expired x509.CertificateInvalidError
		auth    x509.UnknownAuthorityError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		timeout net.Error
	)
	switch {
	case errors.As(err, &unknown):
		if unknown.IsNotFound {
			return "the name of the host is not known"
		}
		return "the name of the host could not be resolved"
	case errors.As(err, &host):
		return "the certificate is for another host"
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		return "the certificate has expired, or is not valid yet"
	case errors.As(err, &auth):
		return "the certificate is of an authority that is not known: name it with ca, if it is right"
	case errors.As(err, &cert), errors.As(err, &expired):
		return "the certificate could not be verified"
	case errors.As(err, &record):
		return "the receiver does not speak TLS there"
	case errors.As(err, &alert):
		return "the receiver refused the TLS handshake"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "the host cannot be reached"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer came in time"
	case errors.Is(err, context.Canceled):
		return "it was stopped before an answer came"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return "the connection was closed before an answer came"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the receiver does not speak TLS there"
	}
	return "the connection failed"
}
