// Package cli is the command line: one file for each verb.
//
// The reading verbs speak the JSON API and nothing else: of a server over the
// network, of the server that runs on a data directory, or, if none runs, of
// one that lives in this process for as long as the verb. So a person at the
// command line passes the same door as everybody, and leaves the same trace.
//
// Text of the record is made harmless before it reaches a terminal. Exit codes
// are 0 for success (also if nothing was found), 1 if the evidence does not
// hold, and 2 for every other error and wrong usage. docs/cli.md is made from
// the commands.
package cli
