// Command gatebook-verify-wasm is the verifier of evidence packs as the page of
// a pack runs it: compiled to WebAssembly, without files and without network.
// It gives the page gatebookLook(bytes, key), which returns the JSON of
// [github.com/gatebook/gatebook/evidence.View], and gatebookProof(text, key),
// for the proof of one event, which returns that of
// [github.com/gatebook/gatebook/evidence.ProofView]. It calls the page's
// gatebookReady when they are there.
package main
