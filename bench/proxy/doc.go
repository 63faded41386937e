//go:build linux

// Command proxy measures Gatebook beside other reverse proxies, in one run on
// one machine: requests a second at saturation, latency at half of that load,
// processor time a request, and peak memory.
//
// How it measures:
//
//   - One small upstream answers every request with 1 KB of JSON. Half of the
//     requests are GETs, half are POSTs with 1 KB of JSON. Each carries an ES256
//     bearer token; there are as many tokens as connections.
//   - The proxy under test, with all of its children, is pinned to one processor;
//     the upstream and the load generator share another one. The row of the bare
//     upstream is a second copy of the upstream, pinned where the proxies are.
//   - Saturation is a closed loop: each connection sends its next request when it
//     has its answer. Latency is an open loop: requests are due at fixed times,
//     at half of the rate that this proxy reached in this round, and the latency
//     counts from the time a request was due, not from when it could be sent. A
//     stall is thus paid by all the requests that it delayed (no coordinated
//     omission).
//   - Processor time is user plus system time of the proxy's process and all of
//     its descendants, from /proc; memory is the sum of their VmHWM.
//   - After each round the calls in the proxy's log or ledger are counted and set
//     beside the answers it gave: a log that is not written costs nothing.
//   - The proxies take turns, and the whole is repeated; the table shows medians.
//     What other programs took of the machine meanwhile is shown too.
//
// It is not a benchmark of features: every proxy forwards to one upstream and
// writes an access log, while Gatebook verifies the token and records headers
// and bodies.
//
// It runs on Linux only. See bench/run.sh for the whole benchmark.
package main
