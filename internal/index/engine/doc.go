// Package engine runs VictoriaLogs as the child process that serves Gatebook's
// search index.
//
// It is the only package that imports the storage engine. The engine keeps its
// settings in global flags and ends the process when it finds a damaged file, so
// it must never run inside the process that serves calls: [Main] is the whole of
// the child, and package index starts and watches it.
//
// The child serves three requests of the engine's HTTP API and nothing else:
//
//	POST /insert/jsonline        rows in, one JSON object a line
//	POST /select/logsql/query    rows out, for a LogsQL query
//	POST /internal/force_flush   make all rows that were acknowledged searchable
//
// Protocol with the parent: the first line of standard input is the bearer token
// that every request must carry (an empty line: none is asked for). When the
// storage is open and the listener accepts, the child writes one line to standard
// output, the address it listens on ("unix:PATH" or "HOST:PORT"). When standard
// input ends, the child flushes, closes and exits with 0; that is also how it
// ends when its parent is gone.
//
// It is not for other uses of VictoriaLogs: whoever needs more than one machine
// points the client at a real cluster.
package engine
