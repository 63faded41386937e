// Package edge puts the whole of Gatebook's capture into a Go program: an
// [Edge] is middleware that recognises callers, tells operations, objects and
// classes of data, redacts, and gives each call as an event to a Gatebook
// server, which seals it.
//
//	book, err := edge.Open(ctx, edge.Config{Server: "https://gatebook.example.com:8401", Token: token})
//	if err != nil {
//		return err
//	}
//	defer book.Close(context.Background())
//	return http.ListenAndServe(":3000", book.Middleware(mux))
//
// The token is made by "gatebook readers add NAME --role edge". How callers
// are recognised, what is redacted and which data is counted is what the
// server's configuration says: the same person, and the same credential, have
// the same names in the record through whichever edge or gateway they came.
// What is blocked at the server is refused here within a second.
//
// # What is promised
//
// Each call becomes one event. Events wait for the server in memory, or, with
// [Config.Spool], in files that survive a crash of the program and of the
// machine; then every event that was spooled is delivered, once, in the order
// of the spool. What finds no room, or could not be delivered, is counted, and
// the loss is sealed as a gap event. With [capture.Recorded] an answer waits
// until the server has sealed its event, and is not given if it could not.
//
// The server believes what an edge says of its own calls: whoever has the
// token can say what they like in its name, and in no other. They also get the
// key of the fingerprints. See docs/TRUST.md.
package edge
