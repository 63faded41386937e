// Package receivers tests the delivery of alerts against receivers of other
// people: Alertmanager, Exim and rsyslog of Debian, run on loopback; and against
// HTTP receivers that are down, slow and wrong, with kill -9 of the sending
// process. A test whose program is not installed says so and skips.
package receivers
