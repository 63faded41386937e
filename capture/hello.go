package capture

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
)

// helloKey is the key of a connection's *helloBox in its context.
type helloKey struct{}

// helloBox holds the JA4 of a connection's ClientHello, once it came.
type helloBox struct{ ja4 atomic.Pointer[string] }

// ConnContext is for [net/http.Server.ConnContext] of a listener that speaks
// TLS, with [SeeHello]: the events of its calls say which kind of program
// called.
func ConnContext(ctx context.Context, _ net.Conn) context.Context {
	return context.WithValue(ctx, helloKey{}, &helloBox{})
}

// SeeHello is to be called in [tls.Config.GetConfigForClient]. It keeps
// nothing of h but its JA4.
func SeeHello(h *tls.ClientHelloInfo) {
	if box, ok := h.Context().Value(helloKey{}).(*helloBox); ok {
		s := JA4(h)
		box.ja4.Store(&s)
	}
}

// helloOf returns the JA4 of the connection that ctx is of; empty: not known.
func helloOf(ctx context.Context) string {
	if box, ok := ctx.Value(helloKey{}).(*helloBox); ok {
		if s := box.ja4.Load(); s != nil {
			return *s
		}
	}
	return ""
}

// JA4 returns the JA4 fingerprint of a ClientHello over TCP (FoxIO, JA4: TLS
// Client Fingerprinting; the method is free to use under BSD-3-Clause, unlike
// the others of JA4+). It tells kinds of programs apart, not people: all
// browsers of one release have the same. A resumed session has another one
// than a fresh one.
func JA4(h *tls.ClientHelloInfo) string {
	ciphers, extensions := ungreased(h.CipherSuites), ungreased(h.Extensions)
	sni, alpn := byte('i'), "00"
	if slices.Contains(extensions, 0x0000) {
		sni = 'd'
	}
	if len(h.SupportedProtos) > 0 {
		alpn = ends(h.SupportedProtos[0])
	}
	head := fmt.Sprintf("t%s%c%02d%02d%s", helloVersion(h.SupportedVersions), sni, min(len(ciphers), 99), min(len(extensions), 99), alpn)

	slices.Sort(ciphers)
	named := slices.DeleteFunc(extensions, func(x uint16) bool { return x == 0x0000 || x == 0x0010 })
	slices.Sort(named)
	rest := hexList(named)
	if schemes := hexList(ungreased(h.SignatureSchemes)); schemes != "" && rest != "" {
		rest += "_" + schemes
	}
	return head + "_" + twelve(hexList(ciphers)) + "_" + twelve(rest)
}

// ungreased returns list without the values of RFC 8701.
func ungreased[T ~uint16](list []T) []T {
	out := make([]T, 0, len(list))
	for _, x := range list {
		if x&0x0f0f != 0x0a0a || byte(x>>8) != byte(x) {
			out = append(out, x)
		}
	}
	return out
}

func helloVersion(versions []uint16) string {
	var highest uint16
	for _, v := range ungreased(versions) {
		highest = max(highest, v)
	}
	switch highest {
	case tls.VersionTLS13:
		return "13"
	case tls.VersionTLS12:
		return "12"
	case tls.VersionTLS11:
		return "11"
	case tls.VersionTLS10:
		return "10"
	case 0x0300:
		return "s3"
	}
	return "00"
}

// ends returns the first and the last character of a protocol's name; of its
// hex form if they are no letters and digits.
func ends(s string) string {
	if s == "" {
		return "00"
	}
	word := func(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' }
	if !word(s[0]) || !word(s[len(s)-1]) {
		s = hex.EncodeToString([]byte(s))
	}
	return s[:1] + s[len(s)-1:]
}

func hexList[T ~uint16](list []T) string {
	var b strings.Builder
	for i, x := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%04x", uint16(x))
	}
	return b.String()
}

// twelve returns the first twelve hex digits of the SHA-256 of s.
func twelve(s string) string {
	if s == "" {
		return "000000000000"
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
