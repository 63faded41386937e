// Package egress makes the connections on which alerts leave the installation:
// guarded against addresses that nobody meant, without redirects, and with
// errors that say whether trying again can help and that hold no secret.
//
// # The guard
//
// The address that a host resolves to is looked at when the connection is made,
// each time, so that a name that changes its address later (DNS rebinding) is
// caught as well:
//
//   - Link-local and metadata addresses of clouds, unspecified, multicast and
//     reserved ones are always refused. Nothing that takes alerts lives there,
//     and what lives there hands out credentials.
//   - Loopback and private addresses are refused unless the operator wrote
//     them: the host is an address of that kind itself, or localhost, or
//     private addresses are allowed for the receiver.
//
// IPv4 addresses inside of IPv6 ones (mapped, NAT64, 6to4) count as what they
// hold.
//
// # Proxies
//
// The variables HTTP_PROXY and so on are not read: what leaves, and by which
// way, is said by the configuration alone. A proxy that is configured is
// reached as its URL says; a host that is written as an address is still held
// against the guard, and names are resolved by the proxy.
package egress
