// Package e2e tests the programs as people run them: gatebook and
// gatebook-verify are built once, started as processes of their own, and seen
// only through their command lines, exit codes, sockets and files.
package e2e
