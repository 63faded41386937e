// Package accesslog reads the access logs of web servers and proxies as events:
// nginx, Apache httpd, Caddy, Traefik, HAProxy and Envoy, in the forms that they
// write by default, and in people's own formats.
//
// It promises that the same line of the same source is the same event, whenever
// and however often it is read; that equal lines are as many events; that a line
// that cannot be read is said, and ends nothing; and that what a caller puts
// into a request cannot make the log say something else where the server escapes
// what it logs (all but Envoy's and Traefik's text formats).
//
// What a log says was not verified here. A name of a user is at most an
// assertion of the server's, and where the server need not have checked it only
// a claim.
//
// It is not for following a file that grows: it is given lines.
package accesslog
