// Command gatebook-verify-wasm is the verifier of evidence packs as the page of
// a pack runs it: compiled to WebAssembly, without files and without network.
// It gives the page one function, gatebookLook(bytes, key), which returns the
// JSON of [github.com/gatebook/gatebook/evidence.View], and calls the page's
// gatebookReady when it is there.
package main
