package egress

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Class is what an address is for.
type Class string

// The classes. Only [Public] is always allowed, [Loopback] and [Private] if
// they were asked for.
const (
	Public   Class = "public"
	Loopback Class = "loopback"
	Private  Class = "private"
	Refused  Class = "refused" // never allowed
)

var (
	privateNets = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15", "fc00::/7", "fec0::/10")
	refusedNets = prefixes("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "192.0.0.0/24",
		"fe80::/10", "ff00::/8", "::/128", "2001::/32", "64:ff9b:1::/48")
	// Where clouds answer with credentials, outside of the link-local ranges:
	// AWS over IPv6, Azure's host agent, Alibaba.
	metadata = addresses("fd00:ec2::254", "168.63.129.16", "100.100.100.200")

	nat64  = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4 = netip.MustParsePrefix("2002::/16")
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func addresses(list ...string) []netip.Addr {
	out := make([]netip.Addr, len(list))
	for i, s := range list {
		out[i] = netip.MustParseAddr(s)
	}
	return out
}

// Classify returns the class of an address.
func Classify(a netip.Addr) Class {
	a = a.Unmap().WithZone("")
	if b := a.As16(); a.Is6() {
		switch {
		case nat64.Contains(a):
			return Classify(netip.AddrFrom4([4]byte(b[12:16])))
		case sixTo4.Contains(a):
			return Classify(netip.AddrFrom4([4]byte(b[2:6])))
		}
	}
	in := func(nets []netip.Prefix) bool {
		return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	switch {
	case !a.IsValid(), slices.Contains(metadata, a), in(refusedNets):
		return Refused
	case a.IsLoopback():
		return Loopback
	case in(privateNets):
		return Private
	}
	return Public
}

// Guard says which addresses may be connected to for one receiver. The zero
// Guard allows public ones only.
type Guard struct {
	private bool // loopback and private addresses are allowed
}

// NewGuard returns the guard for a receiver whose host was written as host, a
// name or an address without port. allow says that private addresses are
// allowed whatever host is.
func NewGuard(host string, allow bool) Guard {
	if allow {
		return Guard{true}
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return Guard{true}
	}
	a, err := netip.ParseAddr(host)
	c := Public
	if err == nil {
		c = Classify(a)
	}
	return Guard{c == Loopback || c == Private}
}

// Check returns an error if a may not be connected to.
func (g Guard) Check(a netip.Addr) error {
	switch c := Classify(a); c {
	case Public:
		return nil
	case Loopback, Private:
		if g.private {
			return nil
		}
		return &Error{Reason: fmt.Sprintf("the host has the %s address %s: write that address in the URL, or set allow_private: true, if it is meant", c, a)}
	}
	return &Error{Reason: fmt.Sprintf("the address %s is link-local, of a cloud's metadata, or of no host: nothing is sent there", a)}
}

// CheckHost returns an error if host is an address that may not be connected
// to. A name is allowed: its addresses are checked at each connection.
func (g Guard) CheckHost(host string) error {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return nil
	}
	return g.Check(a)
}

// Dialer returns a dialer that refuses what g does not allow, after the name
// was resolved and before anything is sent.
func (g Guard) Dialer() *net.Dialer {
	return &net.Dialer{
		Timeout:   10 * time.Second,
		KeepAlive: 30 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return &Error{Reason: "the address could not be read"}
			}
			return g.Check(ap.Addr())
		},
	}
}

// IsClose reports whether a host was written as an address of this machine or
// its network, or as localhost.
func IsClose(host string) bool { return NewGuard(host, false).private }
